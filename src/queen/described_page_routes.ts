import type { RouteDescription } from "../http/route_description.ts";

const DOCUMENT = { "text/html": "text" } as const;

function document(path: string, summary: string): RouteDescription {
  return {
    method: "get",
    path,
    tag: "Page",
    access: "open",
    summary,
    answers: {
      200: { description: "The page, the same at each of its addresses", content: DOCUMENT },
      304: { description: "It is the one that If-None-Match names" },
      503: { description: "It cannot be made; a page that says why", content: DOCUMENT },
    },
  };
}

/** The queen's page, for a browser. */
export const PAGE_ROUTES: readonly RouteDescription[] = [
  document("/", "The page: hives and workers"),
  document("/jobs", "The page: jobs"),
  document("/jobs/{id}", "The page: one job"),
  document("/chat", "The page: a chat"),
  {
    method: "get",
    path: "/assets/{name}",
    tag: "Page",
    access: "open",
    summary: "What the page loads: its script in parts, its style, its picture",
    answers: {
      200: {
        description: "The file",
        content: { "text/javascript": "text", "text/css": "text", "image/svg+xml": "text" },
      },
      304: { description: "It is the one that If-None-Match names" },
    },
  },
];

import { signal } from "@preact/signals";

/** What the page shows, as its address tells. */
export type Route =
  | { view: "overview" }
  | { view: "jobs" }
  | { view: "job"; jobId: string; seq: number | undefined }
  | { view: "chat" }
  | { view: "unknown"; path: string };

const JOB = /^\/jobs\/(job-[0-9a-f-]{36})$/;
const SEQ = /^#seq-(\d{1,15})$/;

/** Reads an address: its path, and for a job the event that its fragment names (`#seq-42`). */
export function readRoute({ pathname, hash }: { pathname: string; hash: string }): Route {
  if (pathname === "/") return { view: "overview" };
  if (pathname === "/jobs") return { view: "jobs" };
  if (pathname === "/chat") return { view: "chat" };
  const jobId = JOB.exec(pathname)?.[1];
  if (jobId === undefined) return { view: "unknown", path: pathname };
  const seq = SEQ.exec(hash)?.[1];
  return { view: "job", jobId, seq: seq === undefined ? undefined : Number(seq) };
}

/** Where the page is. */
export const route = signal<Route>(
  typeof location === "undefined" ? { view: "overview" } : readRoute(location),
);

/** Goes to an address of this page without loading it anew. */
export function goTo(path: string): void {
  history.pushState(null, "", path);
  route.value = readRoute(location);
}

/** Follows the browser's own buttons, and takes plain clicks on links into this page. */
export function followAddress(): void {
  const read = () => route.value = readRoute(location);
  addEventListener("popstate", read);
  addEventListener("hashchange", read);
  addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (link === null || link.target !== "" || link.origin !== location.origin) return;
    if (readRoute(link).view === "unknown") return;
    // A place in what is shown is the browser's to go to.
    const isHere = link.pathname === location.pathname && link.search === location.search;
    if (isHere && link.hash !== "" && !SEQ.test(link.hash)) return;
    event.preventDefault();
    goTo(link.pathname + link.hash);
  });
}

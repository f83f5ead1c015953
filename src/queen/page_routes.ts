import { type Context, Hono, type MiddlewareHandler } from "hono";
import { etag } from "hono/etag";
import { html } from "hono/html";
import { secureHeaders } from "hono/secure-headers";
import { isLoopbackHost } from "../base/loopback.ts";
import { toRbeeError } from "../base/rbee_error.ts";
import { statusOf } from "../http/errors.ts";
import { staticAnswer } from "../http/static_file.ts";
import type { PageFiles } from "./page_files.ts";

/** The addresses of the page, in Hono's form; the document that each answers is the same. */
const DOCUMENTS = ["/", "/jobs", "/jobs/:id{job-[0-9a-f-]+}", "/chat"] as const;

/** When it is worth to ask again for a page that cannot be made, in seconds. */
const RETRY_AFTER_S = 5;

const NONE = ["'none'"];
const SELF = ["'self'"];

/**
 * What a browser lets the page do: run its own script, show its own style and pictures, and ask this
 * queen. Nothing can turn text into a script or into markup, and no other page can frame it.
 */
const HEADERS = {
  contentSecurityPolicy: {
    defaultSrc: NONE,
    scriptSrc: SELF,
    styleSrc: SELF,
    imgSrc: SELF,
    connectSrc: SELF,
    baseUri: NONE,
    formAction: NONE,
    frameAncestors: NONE,
    requireTrustedTypesFor: ["'script'"],
    trustedTypes: NONE,
  },
  xContentTypeOptions: true,
  referrerPolicy: "no-referrer",
  crossOriginResourcePolicy: "same-origin",
  // Those below say nothing more, or are the matter of who puts a proxy with TLS before her.
  originAgentCluster: false,
  strictTransportSecurity: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xFrameOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
};

const plain = secureHeaders({ ...HEADERS, crossOriginOpenerPolicy: false });
const trusted = secureHeaders({ ...HEADERS, crossOriginOpenerPolicy: "same-origin" });

/** A browser heeds the policy of openers with TLS and on loopback alone, and complains of it elsewhere. */
const headers: MiddlewareHandler = (c, next) => {
  const { protocol, hostname } = new URL(c.req.url);
  return (protocol === "https:" || isLoopbackHost(hostname) ? trusted : plain)(c, next);
};

/**
 * The page and what it loads. Its addresses need no token, so that it can ask for one; all that it shows
 * comes from `/v1`, which does. They hold nothing that is not in everybody's copy of rbee.
 */
export function pageRoutes(files: PageFiles): Hono {
  const app = new Hono();
  for (const path of DOCUMENTS) {
    app.get(path, headers, etag(), async (c) => {
      try {
        return await staticAnswer(c, await files.document());
      } catch (error) {
        return failurePage(c, error);
      }
    });
  }
  app.get(
    "/assets/:name{[\\w-]+\\.(?:js|css|svg)}",
    headers,
    etag(),
    async (c) => staticAnswer(c, await files.asset(c.req.param("name"))),
  );
  return app;
}

/** The sentence of an error as a page, for who has typed the address into a browser. */
async function failurePage(c: Context, thrown: unknown): Promise<Response> {
  const error = toRbeeError(thrown);
  const page = html`
    <!DOCTYPE html>
    <html lang="en">
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <title>rbee</title>
      <h1>The page cannot be shown</h1>
      <p>${error.message}.</p>
      <p>Meanwhile <code>rbee status</code> says what runs where.</p>
    </html>
  `;
  return c.html(await page, statusOf(error), {
    "Cache-Control": "no-store",
    "Retry-After": String(RETRY_AFTER_S),
  });
}

import { isTracing } from "../tracing/spans.ts";
import { authorizationFor } from "./bearer_tokens.ts";
import { trustFor } from "./trusted_authorities.ts";

// Of one connection only, see RFC 9110, section 7.6.1; the host is the other side's own.
const HOP_HEADERS = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "host",
  "origin",
  // Each side shows its own to the next one alone; a foreign engine must not see a hive's.
  "authorization",
];

const TRACE_HEADERS = ["traceparent", "tracestate"];

/**
 * Passes a request on to another address and its answer back: method, headers, body and status
 * unchanged, streams as they come. Three exceptions: compression is asked not to be used, the token is
 * this process's own for that address, or none, and where it makes spans the request is part of its own. When who asked goes, the connection behind it is
 * closed too.
 *
 * @throws {TypeError} If nobody answers there.
 * @throws {unknown} If who asked goes before the answer comes: the reason of `request.signal`.
 */
export async function passOn(request: Request, url: string): Promise<Response> {
  const asked = endToEnd(request.headers);
  // With any other value `fetch` would unpack the body and leave the headers as they were.
  asked.set("Accept-Encoding", "identity");
  // Where this process makes spans, `fetch` adds its own beside what is there.
  if (isTracing) { for (const name of TRACE_HEADERS) asked.delete(name); }
  for (const [name, value] of Object.entries(authorizationFor(url))) asked.set(name, value);
  const answer = await fetch(url, {
    ...trustFor(url),
    method: request.method,
    headers: asked,
    body: request.body,
    redirect: "manual",
    signal: request.signal,
  });
  return new Response(answer.body, { status: answer.status, headers: endToEnd(answer.headers) });
}

function endToEnd(given: Headers): Headers {
  const headers = new Headers(given);
  for (const name of HOP_HEADERS) headers.delete(name);
  return headers;
}

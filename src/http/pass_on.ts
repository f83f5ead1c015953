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
];

/**
 * Passes a request on to another address and its answer back: method, headers, body and status
 * unchanged, streams as they come. The one exception: compression is asked not to be used. When who
 * asked goes, the connection behind it is closed too.
 *
 * @throws {TypeError} If nobody answers there.
 * @throws {unknown} If who asked goes before the answer comes: the reason of `request.signal`.
 */
export async function passOn(request: Request, url: string): Promise<Response> {
  const asked = endToEnd(request.headers);
  // With any other value `fetch` would unpack the body and leave the headers as they were.
  asked.set("Accept-Encoding", "identity");
  const answer = await fetch(url, {
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

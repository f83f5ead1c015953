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
 * unchanged, streams as they come. When the reader of the answer goes, the connection behind it is
 * closed too.
 *
 * @throws {TypeError} If nobody answers there.
 */
export async function passOn(request: Request, url: string): Promise<Response> {
  const answer = await fetch(url, {
    method: request.method,
    headers: endToEnd(request.headers),
    body: request.body,
    redirect: "manual",
  });
  return new Response(answer.body, { status: answer.status, headers: endToEnd(answer.headers) });
}

function endToEnd(given: Headers): Headers {
  const headers = new Headers(given);
  for (const name of HOP_HEADERS) headers.delete(name);
  return headers;
}

import { serveBench } from "../serve_bench.ts";

/**
 * The least that a process of Deno can do between a client and a server: it passes the body on, and the
 * answer back as it comes. Its argument is where it asks.
 */
const [upstream] = Deno.args;

await serveBench((request) => {
  const { pathname } = new URL(request.url);
  return fetch(upstream + pathname, {
    method: request.method,
    headers: request.headers,
    body: request.body,
  });
});

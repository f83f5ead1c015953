/**
 * The least that a process of Deno can do between a client and a server: it passes the body on, and the
 * answer back as it comes. Its argument is where it asks; it prints a line of JSON with its own `url`.
 */
const [upstream] = Deno.args;

const server = Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => {
    const line = JSON.stringify({ url: `http://127.0.0.1:${port}` });
    Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
  },
}, (request) => {
  const { pathname } = new URL(request.url);
  return fetch(upstream + pathname, {
    method: request.method,
    headers: request.headers,
    body: request.body,
  });
});
await server.finished;

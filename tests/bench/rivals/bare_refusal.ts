/** Answers every request with 404 and nothing else, as cheaply as Deno can. */
const server = Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => {
    const line = JSON.stringify({ url: `http://127.0.0.1:${port}` });
    Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
  },
}, () => new Response(null, { status: 404 }));
await server.finished;

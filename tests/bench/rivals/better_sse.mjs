// better-sse under Node: argument 1 is the package's file, argument 2 the number of events.
import { createServer } from "node:http";

const { createSession } = await import(process.argv[2]);
const events = Number(process.argv[3]);

const server = createServer(async (request, response) => {
  const session = await createSession(request, response);
  for (let i = 0; i < events; i++) {
    const data = {
      actor: "worker",
      stream: "stdout",
      line: `line ${i} of a child's output, as long as`,
    };
    session.push(data, "log", String(i + 1));
    // Without a pause now and then nothing would be written before all is made.
    if (i % 1000 === 999) await new Promise((resolve) => setImmediate(resolve));
  }
  response.end();
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }) + "\n");
});

// better-sse under Node: argument 1 is the package's file, argument 2 the number of events.
import { createServer } from "node:http";

const { createSession } = await import(process.argv[2]);
const events = Number(process.argv[3]);

const BATCH = 256;

const server = createServer(async (request, response) => {
  const session = await createSession(request, response);
  for (let i = 0; i < events; i += BATCH) {
    // Its fastest way: an event by itself would be a write by itself.
    await session.batch((buffer) => {
      for (let j = i; j < i + BATCH; j++) {
        const line = `line ${j} of a child's output, as long as`;
        buffer.push({ actor: "worker", stream: "stdout", line }, "log", String(j + 1));
      }
    });
    if (response.writableNeedDrain) await new Promise((resolve) => response.once("drain", resolve));
  }
  // It says keep-alive whatever the request said, and the reader reads to the end of the connection.
  response.end(() => request.socket.end());
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }) + "\n");
});

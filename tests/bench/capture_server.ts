/**
 * The hive's side of the way from a child to a remote reader, in a process of its own: prints its URL,
 * and captures a child that prints as many lines as argument 1 says when it is told to.
 */
import { fileURLToPath } from "node:url";
import { Hono } from "hono";
import { EventLog } from "../../src/jobs/event_log.ts";
import { typedStreamResponse } from "../../src/jobs/job_routes.ts";
import { spawnChild } from "../../src/process/child.ts";
import { captureOutput } from "../../src/process/output_capture.ts";

const CHILD = fileURLToPath(new URL("capture_child.ts", import.meta.url));
// Enough for all, so that no reader meets a gap and every line is sent.
const log = new EventLog({ maxBytes: 1024 * 1024 * 1024 });

async function run(): Promise<{ lines: number; ms: number; longestMs: number }> {
  const startedMs = performance.now();
  const args = ["run", "--quiet", CHILD, ...Deno.args];
  let said = "";
  let lines = 0;
  await captureOutput(spawnChild({ program: Deno.execPath(), args, mode: "captured" }), {
    narration: false,
    onCaptured(captured) {
      if (captured.kind === "narration") return;
      if (captured.stream === "stderr") return void (said += captured.lines.join(""));
      lines += captured.lines.length;
      log.appendLines("worker", captured.stream, captured.lines);
    },
  });
  log.append({ type: "done", result: null });
  const { longestMs } = JSON.parse(said) as { longestMs: number };
  return { lines, ms: performance.now() - startedMs, longestMs };
}

const app = new Hono();
app.get("/stream", (c) => typedStreamResponse(c, log.cursor()));
app.post("/write", async (c) => c.json(await run()));
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, app.fetch);
const url = `http://127.0.0.1:${server.addr.port}`;
Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify({ url }) + "\n"));

import assert from "node:assert/strict";
import { DiagnosticLog, type DiagnosticLogOptions } from "../../src/narration/diagnostic_log.ts";
import { OutputQueue } from "../../src/narration/output_queue.ts";
import { MemoryWriter } from "../helpers/output_writers.ts";

async function written(options: DiagnosticLogOptions): Promise<string[]> {
  const queue = new OutputQueue();
  const writer = new MemoryWriter();
  const log = new DiagnosticLog(queue, writer, options);
  log.write("a detail", "debug");
  log.write("loaded with HF_TOKEN=abc");
  log.write("llama.cpp: low on memory", "warn");
  log.write("llama.cpp: failed", "error");
  await queue.flush();
  return writer.lines();
}

Deno.test("DiagnosticLog writes lines as they are from info on, without secrets", async () => {
  assert.deepEqual(await written({ format: "text", actor: "hive" }), [
    "loaded with HF_TOKEN=[redacted]",
    "llama.cpp: low on memory",
    "llama.cpp: failed",
  ]);
});

Deno.test("DiagnosticLog writes no level below the least one", async () => {
  const shown = async (minimum: DiagnosticLogOptions["minimum"]) =>
    (await written({ format: "text", actor: "hive", minimum })).length;
  assert.deepEqual(
    [await shown("debug"), await shown("info"), await shown("warn"), await shown("error")],
    [4, 3, 2, 1],
  );
});

Deno.test("DiagnosticLog writes one object of JSON a line with time, level and who writes", async () => {
  const lines = (await written({ format: "json", actor: "worker" })).map((line) =>
    JSON.parse(line)
  );
  for (const { at } of lines) assert.match(at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(lines.map(({ at: _, ...rest }) => rest), [
    { level: "info", actor: "worker", line: "loaded with HF_TOKEN=[redacted]" },
    { level: "warn", actor: "worker", line: "llama.cpp: low on memory" },
    { level: "error", actor: "worker", line: "llama.cpp: failed" },
  ]);
});

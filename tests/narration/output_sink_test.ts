import assert from "node:assert/strict";
import type { NarrationLevel, NarrationRecord } from "../../src/contracts/narration_record.ts";
import { parseNarrationJson } from "../../src/narration/json_format.ts";
import { OutputQueue } from "../../src/narration/output_queue.ts";
import { OutputSink, type OutputSinkOptions } from "../../src/narration/output_sink.ts";
import { MemoryWriter } from "../helpers/output_writers.ts";

const LEVELS: NarrationLevel[] = ["debug", "info", "warn", "error"];

function record(level: NarrationLevel): NarrationRecord {
  return {
    rbee: "narration",
    at: "2026-01-31T12:00:00.123Z",
    actor: "hive",
    action: "x",
    human: level,
    level,
  };
}

async function written(
  options: OutputSinkOptions,
  records: readonly NarrationRecord[] = LEVELS.map(record),
): Promise<string[]> {
  const queue = new OutputQueue();
  const writer = new MemoryWriter();
  const sink = new OutputSink(queue, writer, options);
  for (const each of records) sink.write(each);
  await queue.flush();
  return writer.lines();
}

Deno.test("OutputSink writes text for people from info on", async () => {
  assert.deepEqual(await written({ format: "text" }), [
    "[hive      ] x              : info",
    "[hive      ] x              : warn",
    "[hive      ] x              : error",
  ]);
});

Deno.test("OutputSink writes every level as JSON, for its reader to filter", async () => {
  const lines = await written({ format: "json" });
  assert.deepEqual(lines.map(parseNarrationJson), LEVELS.map(record));
});

Deno.test("OutputSink writes no more than the least level that it was given", async () => {
  assert.equal((await written({ format: "text", minimum: "error" })).length, 1);
  assert.equal((await written({ format: "text", minimum: "debug" })).length, 4);
  assert.equal((await written({ format: "json", minimum: "warn" })).length, 2);
});

Deno.test("OutputSink paints text alone, and only when told", async () => {
  const painted = (lines: string[]) => lines.some((line) => line.includes("\x1b["));
  assert.equal(painted(await written({ format: "text" })), false);
  assert.equal(painted(await written({ format: "text", color: true })), true);
  assert.equal(painted(await written({ format: "json", color: true })), false);
});

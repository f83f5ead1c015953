import assert from "node:assert/strict";
import { timelineText } from "../../src/page/job/timeline_text.ts";

const AT = "2026-01-31T12:00:00.000Z";
const PLACE = { seq: 1, lastSeq: 3, at: AT, lastAt: AT };

Deno.test("timelineText() has a line for each sentence, line of output, result, gap, and the end", () => {
  const line = { seq: 1, at: AT, stream: "stderr" as const, truncated: false };
  const text = timelineText([
    { kind: "gap", ...PLACE },
    { kind: "said", ...PLACE, actor: "hive", action: "spawn", text: "Spawning", level: "info" },
    {
      kind: "output",
      ...PLACE,
      actor: "worker",
      lines: [{ ...line, text: "a" }, { ...line, text: "b" }],
    },
    { kind: "answer", ...PLACE, tokens: 3 },
    { kind: "data", ...PLACE, name: "tool_calls", value: [1] },
    { kind: "end", ...PLACE, state: "error", code: "not_gguf", message: "It is not GGUF" },
  ]);

  assert.deepEqual(text.split("\n"), [
    "events 1 to 3 are no longer kept",
    `${AT} hive spawn: Spawning`,
    `${AT} worker stderr: a`,
    `${AT} worker stderr: b`,
    `${AT} worker answer: 3 tokens`,
    `${AT} data tool_calls: [1]`,
    `${AT} Failed: not_gguf: It is not GGUF`,
  ]);
});

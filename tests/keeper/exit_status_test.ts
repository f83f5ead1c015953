import assert from "node:assert/strict";
import type { TerminalEvent } from "../../src/contracts/job_event.ts";
import { EXIT, exitStatusOf, exitStatusOfEnd } from "../../src/keeper/exit_status.ts";

const PLACE = { seq: 1, at: "2026-01-31T12:00:00.123Z" };
const DONE: TerminalEvent = { type: "done", ...PLACE, result: null };
const CANCELLED: TerminalEvent = { type: "cancelled", ...PLACE, reason: "x" };

function failed(code: string): TerminalEvent {
  return { type: "error", ...PLACE, code, message: "x" };
}

Deno.test("EXIT holds the statuses of the contract", () => {
  assert.deepEqual(EXIT, {
    ok: 0,
    failed: 1,
    usage: 2,
    unreachable: 3,
    unauthorized: 4,
    interrupted: 130,
  });
});

for (
  const [code, status] of [
    ["usage", 2],
    ["unreachable", 3],
    ["hive_unreachable", 3],
    ["connection_lost", 3],
    ["not_running", 3],
    ["not_answering", 3],
    ["unauthorized", 4],
    ["model_not_found", 1],
    ["context_length_exceeded", 1],
    ["worker_died", 1],
    ["no_such_device", 1],
    ["insufficient_memory", 1],
    ["internal", 1],
    ["constructor", 1],
    ["", 1],
  ] as const
) {
  Deno.test(`exitStatusOf() gives ${status} for ${JSON.stringify(code)}`, () => {
    assert.equal(exitStatusOf({ code }), status);
    assert.equal(exitStatusOfEnd(failed(code), { interrupted: false }), status);
  });
}

Deno.test("exitStatusOfEnd() gives 0 for done and 1 for a job that somebody else cancelled", () => {
  assert.equal(exitStatusOfEnd(DONE, { interrupted: false }), 0);
  assert.equal(exitStatusOfEnd(CANCELLED, { interrupted: false }), 1);
});

Deno.test("exitStatusOfEnd() gives 130 for every end after Ctrl-C", () => {
  for (const end of [DONE, CANCELLED, failed("usage"), failed("hive_unreachable")]) {
    assert.equal(exitStatusOfEnd(end, { interrupted: true }), 130);
  }
});

import assert from "node:assert/strict";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import { ApiError } from "../../src/page/api.ts";
import { endOfTurn, figuresOf, openTurnText, saidIn } from "../../src/page/chat/answer_state.ts";
import type { Turn } from "../../src/page/chat/conversation.ts";
import { JobRecording } from "../../src/page/job_recording.ts";

const turn: Turn = { id: 1, model: "bee-tiny", question: "q", state: "answering", answer: "" };

/** A recording of events that come one after the other, 100 ms apart. */
function recordingOf(events: readonly Record<string, unknown>[]): JobRecording {
  const recording = new JobRecording("job-1");
  events.forEach((event, i) => {
    const at = new Date(Date.UTC(2026, 0, 31) + i * 100).toISOString();
    recording.add({ seq: i + 1, at, ...event } as JobEvent);
  });
  return recording;
}

function said(human: string, more: Record<string, unknown> = {}) {
  const by = { actor: "worker", action: "load", level: "info", formatted: human };
  return { type: "narration", ...by, human, ...more };
}

function tokens(...texts: string[]) {
  return texts.map((text, i) => ({ type: "token", text, i }));
}

Deno.test("an open turn tells what was said last, with how far it is where that is not told", () => {
  assert.equal(openTurnText({ ...turn, state: "asking" }, undefined), "Sending the question");
  assert.equal(openTurnText(turn, undefined), "Reading the answer");
  assert.equal(openTurnText(turn, recordingOf([])), "Waiting for bee-tiny");
  const progress = { current: 55, total: 100, unit: "%" };
  const text = (human: string) => openTurnText(turn, recordingOf([said(human, { progress })]));
  assert.equal(text("Loading bee-tiny"), "Loading bee-tiny: 55 %");
  assert.equal(text("Loading bee-tiny: 55 %"), "Loading bee-tiny: 55 %");
});

Deno.test("an open turn tells how many tokens came and how fast", () => {
  assert.equal(openTurnText(turn, recordingOf(tokens("a"))), "Answering: 1 token");
  assert.equal(
    openTurnText(turn, recordingOf(tokens("a", "b", "c"))),
    "Answering: 3 tokens, 10.0 tokens/s",
  );
});

Deno.test("saidIn() leaves out what is for developers, and all but the newest lines", () => {
  const recording = recordingOf([
    said("for developers", { level: "debug" }),
    ...Array.from({ length: 300 }, (_, i) => said(`line ${i}`)),
  ]);
  const lines = saidIn(recording).map(({ text }) => text);
  assert.equal(lines.length, 200);
  assert.equal(lines.at(-1), "line 299");
});

Deno.test("a turn goes on until its job has ended", () => {
  assert.equal(endOfTurn(recordingOf(tokens("a", "b"))), undefined);
});

Deno.test("a turn that is done has its text and what was counted", () => {
  const usage = { prompt_tokens: 9, completion_tokens: 2 };
  const recording = recordingOf([
    ...tokens("Hel", "lo"),
    { type: "done", result: null, usage, finish_reason: "length" },
  ]);
  assert.deepEqual(endOfTurn(recording), {
    state: "done",
    answer: "Hello",
    figures: { tokens: 2, tokensPerSecond: 10, promptTokens: 9, finishReason: "length" },
  });
});

Deno.test("what had come of a cancelled answer stays", () => {
  const recording = recordingOf([...tokens("Hel"), { type: "cancelled", reason: "asked for" }]);
  assert.deepEqual(endOfTurn(recording), {
    state: "stopped",
    answer: "Hel",
    figures: { tokens: 1 },
  });
});

Deno.test("a failed turn has the queen's words, and what had come", () => {
  const error = { type: "error", code: "worker_died", message: "The worker died" };
  const end = endOfTurn(recordingOf([...tokens("Hel"), error]));
  assert.equal(end?.state, "failed");
  assert.equal(end?.answer, "Hel");
  assert.deepEqual(end?.error, { code: "worker_died", message: "The worker died" });
});

Deno.test("a job that cannot be read has failed, in the queen's words", () => {
  const recording = recordingOf(tokens("Hel"));
  recording.missing.value = new ApiError("Cannot find it", { status: 404, code: "job_not_found" });
  const end = endOfTurn(recording);
  assert.equal(end?.state, "failed");
  assert.equal(end?.error?.message, "Cannot find it");
});

Deno.test("figuresOf() tells that events are missing", () => {
  const recording = recordingOf([{ type: "gap", from: 1, to: 1 }, ...tokens("a")]);
  assert.equal(figuresOf(recording).hasGap, true);
  assert.equal(figuresOf(recordingOf(tokens("a"))).hasGap, undefined);
});

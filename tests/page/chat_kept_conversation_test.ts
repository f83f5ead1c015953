import assert from "node:assert/strict";
import fc from "fast-check";
import { type Conversation, EMPTY, openTurn, type Turn } from "../../src/page/chat/conversation.ts";
import { readConversation, writeConversation } from "../../src/page/chat/kept_conversation.ts";

const JOB_ID = "job-01a20779-6a36-7323-9d56-eda5b71fdca9";

const ended: Turn = {
  id: 1,
  model: "bee-tiny",
  question: "What is a hive?",
  state: "done",
  jobId: JOB_ID,
  answer: "A machine.",
  figures: {
    tokens: 3,
    tokensPerSecond: 12.5,
    promptTokens: 9,
    finishReason: "length",
    hasGap: true,
  },
};

const whole: Conversation = {
  model: "bee-tiny",
  settings: { system: "Be brief.", temperature: "0.2", maxTokens: "10" },
  turns: [
    ended,
    {
      id: 2,
      model: "x",
      question: "q",
      state: "failed",
      answer: "",
      error: { code: "c", message: "m" },
    },
    { id: 3, model: "x", question: "q", state: "answering", answer: "", jobId: JOB_ID },
  ],
  lostTurns: 2,
};

Deno.test("a kept conversation is read as it was, with the answer that still comes", () => {
  assert.deepEqual(readConversation(writeConversation(whole)), whole);
  assert.equal(openTurn(readConversation(writeConversation(whole)))?.jobId, JOB_ID);
});

Deno.test("what is no conversation is an empty one", () => {
  for (const kept of [null, "", "{", "null", "7", "[]", '"text"', '{"turns":{}}']) {
    assert.deepEqual(readConversation(kept), EMPTY, String(kept));
  }
});

Deno.test("how many turns were lost is a whole number", () => {
  for (const lostTurns of [5e-324, 1.5, -1, "2", 1e300]) {
    assert.equal(readConversation(JSON.stringify({ lostTurns })).lostTurns, 0, `${lostTurns}`);
  }
});

Deno.test("whatever was kept, what is read can be shown, kept and read again", () => {
  const value = fc.jsonValue();
  const field = fc.oneof(value, fc.constantFrom("asking", "answering", "done", JOB_ID));
  const turn = fc.record({
    ...Object.fromEntries(
      ["model", "state", "jobId", "answer", "figures", "error"].map((name) => [name, field]),
    ),
    question: fc.oneof(field, fc.string()),
  }, { requiredKeys: [] });
  const kept = fc.oneof(
    fc.string(),
    value.map((given) => JSON.stringify(given)),
    fc.record({ model: field, settings: value, turns: fc.array(turn), lostTurns: field })
      .map((given) => JSON.stringify(given)),
  );
  fc.assert(fc.property(kept, (text) => {
    const read = readConversation(text);
    for (const { question, answer, model } of read.turns) {
      assert.deepEqual([typeof question, typeof answer, typeof model], Array(3).fill("string"));
    }
    const open = read.turns.filter(({ state }) => state === "asking" || state === "answering");
    assert.ok(open.length === 0 || open.length === 1 && open[0] === read.turns.at(-1));
    assert.deepEqual(readConversation(writeConversation(read)), read);
  }));
});

Deno.test("a question of which nobody knows whether the queen took it has failed", () => {
  const turns: Turn[] = [{ id: 1, model: "x", question: "q", state: "asking", answer: "" }];
  const [turn] = readConversation(writeConversation({ ...EMPTY, turns })).turns;
  assert.equal(turn?.state, "failed");
  assert.match(turn?.error?.message ?? "", /loaded anew/);
});

Deno.test("of a conversation that is too long the newest turns are kept, and it is told how many went", () => {
  const turns = Array.from({ length: 10 }, (_, i) => ({
    ...ended,
    id: i + 1,
    question: `question ${i}`,
    answer: "a".repeat(400_000),
  }));
  const text = writeConversation({ ...EMPTY, turns, lostTurns: 1 });
  assert.ok(text.length < 2_000_000);
  const read = readConversation(text);
  assert.deepEqual(read.turns.map(({ question }) => question), [
    "question 7",
    "question 8",
    "question 9",
  ]);
  assert.equal(read.lostTurns, 8);
});

import assert from "node:assert/strict";
import { inferSchema } from "../../src/contracts/operation.ts";
import {
  type Conversation,
  EMPTY,
  inferBody,
  obstacleTo,
  openTurn,
  settingsProblem,
  type Turn,
  withQuestion,
  withTurn,
} from "../../src/page/chat/conversation.ts";

function turn(change: Partial<Turn>): Turn {
  return { id: 1, model: "bee-tiny", question: "q", state: "done", answer: "a", ...change };
}

function conversation(change: Partial<Conversation>): Conversation {
  return { ...EMPTY, model: "bee-tiny", ...change };
}

Deno.test("inferBody() tells the model what was said before, and nothing that has no answer", () => {
  const turns = [
    turn({ question: "1", answer: "one" }),
    turn({ question: "2", answer: "tw", state: "stopped" }),
    turn({ question: "3", answer: "", state: "stopped" }),
    turn({ question: "4", answer: "fo", state: "failed" }),
    turn({ question: "5", answer: "" }),
  ];
  const { messages } = inferBody(conversation({ turns }), "6");
  assert.deepEqual(messages, [
    { role: "user", content: "1" },
    { role: "assistant", content: "one" },
    { role: "user", content: "2" },
    { role: "assistant", content: "tw" },
    { role: "user", content: "6" },
  ]);
});

Deno.test("inferBody() sends the settings that were typed, in a request that the queen takes", () => {
  const settings = { system: " Be brief. ", temperature: "0", maxTokens: "64" };
  const body = inferBody(conversation({ settings }), "q");
  const request = inferSchema.parse(body);
  assert.equal(request.temperature, 0);
  assert.equal(request.max_tokens, 64);
  assert.deepEqual(request.messages?.[0], { role: "system", content: "Be brief." });
});

Deno.test("inferBody() leaves to the queen what was not typed", () => {
  const body = inferBody(conversation({ settings: EMPTY.settings }), "q");
  assert.deepEqual(Object.keys(body).sort(), ["messages", "model", "operation"]);
  assert.equal(inferSchema.safeParse(body).success, true);
});

Deno.test("settingsProblem() refuses what the queen would refuse, and nothing else", () => {
  const problem = (change: Partial<Conversation["settings"]>) =>
    settingsProblem({ ...EMPTY.settings, ...change });
  for (const good of ["", "0", "2", "0.7", " 1 "]) {
    assert.equal(problem({ temperature: good }), undefined, good);
  }
  for (const bad of ["-1", "2.1", "warm", "NaN", "Infinity"]) {
    assert.match(problem({ temperature: bad }) ?? "", /temperature/, bad);
  }
  for (const good of ["", "1", "1000000"]) assert.equal(problem({ maxTokens: good }), undefined);
  for (const bad of ["0", "1.5", "many", "1000001", "-4"]) {
    assert.match(problem({ maxTokens: bad }) ?? "", /tokens/, bad);
  }
});

Deno.test("obstacleTo() names the missing model first, then what is wrong with the settings", () => {
  const settings = { ...EMPTY.settings, temperature: "abc" };
  assert.equal(obstacleTo({ ...EMPTY, settings }), "Choose a model first.");
  assert.match(obstacleTo(conversation({ settings })) ?? "", /temperature/);
  assert.equal(obstacleTo(conversation({})), undefined);
});

Deno.test("only the last turn is open, and only until it has ended", () => {
  assert.equal(openTurn(EMPTY), undefined);
  const asked = withQuestion(conversation({}), { id: 7, jobId: "job-1", question: "q" });
  assert.equal(openTurn(asked)?.state, "asking");
  assert.equal(openTurn(withTurn(asked, 7, { state: "answering" }))?.id, 7);
  assert.equal(openTurn(withTurn(asked, 7, { state: "stopped" })), undefined);
});

Deno.test("withTurn() changes that turn alone, and not the conversation that it is given", () => {
  const before = conversation({ turns: [turn({ id: 1 }), turn({ id: 2 })] });
  const after = withTurn(before, 2, { answer: "other" });
  assert.deepEqual(after.turns.map(({ answer }) => answer), ["a", "other"]);
  assert.equal(before.turns[1]?.answer, "a");
});

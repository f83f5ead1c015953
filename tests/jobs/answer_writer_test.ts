import assert from "node:assert/strict";
import { AnswerWriter } from "../../src/jobs/answer_writer.ts";
import { startLocalJob } from "../helpers/local_job.ts";

Deno.test("AnswerWriter.write() makes each piece a token, counted from 0", async () => {
  const events = await startLocalJob((_job) => {
    const answer = new AnswerWriter();
    assert.equal(answer.pieces, 0);
    for (const text of ["one", " ", "two"]) answer.write(text);
    assert.equal(answer.pieces, 3);
    return Promise.resolve({ result: null });
  }).ended;
  assert.deepEqual(
    events.flatMap((event) => event.type === "token" ? [[event.i, event.text]] : []),
    [[0, "one"], [1, " "], [2, "two"]],
  );
});

Deno.test("AnswerWriter.end() says lengths and speed, and never text", async () => {
  const events = await startLocalJob((_job) => {
    const answer = new AnswerWriter();
    answer.begin();
    answer.write("secret");
    answer.end({ prompt_tokens: 5, completion_tokens: 1 });
    return Promise.resolve({ result: null });
  }).ended;
  const [said] = events.flatMap((event) => event.type === "narration" ? [event] : []);
  assert.equal(said!.action, "infer_done");
  assert.match(
    said!.human,
    /^Answered with 1 tokens to 5: first after \d+ ms, then \d+ a second$/,
  );
  const { first_token_ms, tokens_per_second, ...usage } = said!.fields!;
  assert.deepEqual(usage, { prompt_tokens: 5, completion_tokens: 1 });
  assert.ok(Number.isInteger(first_token_ms) && Number.isInteger(tokens_per_second));
  assert.ok(!JSON.stringify(said).includes("secret"));
});

Deno.test("AnswerWriter.end() has a sentence for an answer of nothing", async () => {
  const events = await startLocalJob((_job) => {
    new AnswerWriter().end({ prompt_tokens: 5, completion_tokens: 0 });
    return Promise.resolve({ result: null });
  }).ended;
  const [said] = events.flatMap((event) => event.type === "narration" ? [event.human] : []);
  assert.match(said!, /^Answered with 0 tokens to 5: first after \d+ ms, then 0 a second$/);
});

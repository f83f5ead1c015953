import assert from "node:assert/strict";
import fc from "fast-check";
import { AnswerParts } from "../../src/page/job/answer_parts.ts";

Deno.test("AnswerParts are the whole answer, and all but the last stay as they are", () => {
  const token = fc.oneof(fc.constant("\n"), fc.string({ maxLength: 2000 }));
  fc.assert(fc.property(fc.array(token, { maxLength: 40 }), (tokens) => {
    const parts = new AnswerParts();
    let text = "";
    let before: readonly string[] = [];
    for (const each of tokens) {
      text += each;
      const now = parts.read(text);
      assert.equal(now.join(""), text);
      assert.deepEqual(now.slice(0, Math.max(0, before.length - 1)), before.slice(0, -1));
      before = now;
    }
  }));
});

Deno.test("AnswerParts are some thousand characters long, each with whole lines", () => {
  const text = "A line of the answer.\n".repeat(5000);
  const parts = new AnswerParts().read(text);
  assert.ok(parts.length > 20, `${parts.length} parts`);
  for (const part of parts.slice(0, -1)) {
    assert.ok(part.length < 5000);
    assert.ok(part.endsWith(".\n"));
  }
});

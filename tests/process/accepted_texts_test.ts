import assert from "node:assert/strict";
import { z } from "zod";
import { AcceptedTexts } from "../../src/process/accepted_texts.ts";

/** A schema that counts how often it is asked. */
function counted(accepts: (text: string) => boolean) {
  const asked: string[] = [];
  const schema = z.string().refine((text) => {
    asked.push(text);
    return accepts(text);
  });
  return { texts: new AcceptedTexts(schema), asked };
}

Deno.test("AcceptedTexts.has() says what its schema says, each time", () => {
  const { texts } = counted((text) => text.startsWith("a"));
  for (let i = 0; i < 3; i++) {
    assert.deepEqual(["a", "b", "ab", ""].map((text) => texts.has(text)), [
      true,
      false,
      true,
      false,
    ]);
  }
});

Deno.test("AcceptedTexts.has() asks the schema once for what it accepts", () => {
  const { texts, asked } = counted(() => true);
  for (const text of ["a", "b", "a", "a", "b"]) texts.has(text);
  assert.deepEqual(asked, ["a", "b"]);
});

Deno.test("AcceptedTexts remembers nothing that was refused", () => {
  const { texts, asked } = counted(() => false);
  for (let i = 0; i < 3; i++) assert.equal(texts.has("a"), false);
  assert.equal(asked.length, 3);
});

Deno.test("AcceptedTexts goes on when it has seen more than it keeps", () => {
  const { texts, asked } = counted((text) => text !== "no");
  for (let i = 0; i < 1000; i++) assert.equal(texts.has(`text ${i}`), true);
  assert.equal(texts.has("no"), false);
  assert.equal(texts.has("text 0"), true);
  assert.equal(asked.filter((text) => text === "text 0").length, 2);
});

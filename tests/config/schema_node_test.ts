import assert from "node:assert/strict";
import { z } from "zod";
import { expectedValue, inputSchema, schemaAt } from "../../src/config/schema_node.ts";

for (
  const [schema, words] of [
    [z.number().int().min(0).max(9), "a whole number from 0 to 9"],
    [z.number().int(), "a whole number"],
    [z.number().int().min(1), "a whole number of at least 1"],
    [z.number().positive().max(5), "a number above 0 and of at most 5"],
    [z.number(), "a number"],
    [z.string(), "text"],
    [z.string().min(1), "text that is not empty"],
    [z.string().min(1).max(9), "text of 1 to 9 characters"],
    [z.boolean(), "true or false"],
    [z.enum(["a", "b"]), "one of a, b"],
    [z.literal("a"), "a"],
    [z.array(z.string()), "a list"],
    [z.array(z.string()).min(2), "a list of at least 2"],
    [z.record(z.string(), z.string()), "a mapping of keys to values"],
    [z.union([z.string(), z.number()]), "text or a number"],
    [z.strictObject({}).nullish(), "a mapping of keys to values"],
  ] as const
) {
  Deno.test(`expectedValue() calls it ${words}`, () => {
    assert.equal(expectedValue(inputSchema(schema)), words);
  });
}

Deno.test("schemaAt() finds what a path leads to: a key, a name that a person gives, an entry of a list", () => {
  const schema = inputSchema(z.strictObject({
    a: z.record(z.string(), z.strictObject({ b: z.array(z.boolean()) })).nullish(),
  }));
  assert.equal(schemaAt(schema, [])?.type, "object");
  assert.equal(schemaAt(schema, ["a", "any", "b", 3])?.type, "boolean");
  assert.equal(schemaAt(schema, ["a", "any", "c"]), undefined);
  assert.equal(schemaAt(schema, ["toString", "x"]), undefined);
});

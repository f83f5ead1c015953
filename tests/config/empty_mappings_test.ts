import assert from "node:assert/strict";
import { z } from "zod";
import { emptyMappings, orEmptyMappings } from "../../src/config/empty_mappings.ts";
import { inputSchema } from "../../src/config/schema_node.ts";

const NODE = inputSchema(z.strictObject({
  part: z.strictObject({ key: z.string().optional() }).optional(),
  named: z.record(z.string(), z.strictObject({ key: z.string().optional() })).optional(),
  list: z.array(z.string()).optional(),
}));

Deno.test("emptyMappings() fills mappings alone, also those that a person names", () => {
  const value = { part: null, named: { a: null, b: { key: null } }, list: null, other: null };
  assert.deepEqual(emptyMappings(value, NODE), {
    part: {},
    named: { a: {}, b: { key: null } },
    list: null,
    other: null,
  });
  assert.equal(value.part, null);
});

Deno.test("emptyMappings() leaves what is no mapping to who judges it", () => {
  for (const value of [7, "x", [null], { part: [null], named: 7 }]) {
    assert.deepEqual(emptyMappings(value, NODE), value);
  }
});

Deno.test("emptyMappings() keeps a key that objects have already as a key", () => {
  const value = JSON.parse('{"__proto__": {"x": 1}, "toString": null}');
  assert.deepEqual(Object.keys(emptyMappings(value, NODE) as object), ["__proto__", "toString"]);
});

Deno.test("orEmptyMappings() has every mapping but the first be null", () => {
  const { type, properties } = orEmptyMappings(NODE);
  assert.equal(type, "object");
  assert.deepEqual(properties!["part"]!.type, ["object", "null"]);
  const { additionalProperties } = properties!["named"]!;
  assert.ok(typeof additionalProperties === "object");
  assert.deepEqual(additionalProperties.type, ["object", "null"]);
  assert.equal(properties!["list"]!.type, "array");
});

import assert from "node:assert/strict";
import type { JsonSchema } from "../../src/contracts/tool.ts";
import { schemaText } from "../../src/http/schema_text.ts";

const TEXTS: [JsonSchema, string][] = [
  [{ type: "string" }, "string"],
  [{ type: ["string", "null"] }, "string or null"],
  [{ type: "integer", minimum: 1, maximum: 9 }, "integer, at least 1, at most 9"],
  [{ type: "integer", maximum: Number.MAX_SAFE_INTEGER }, "integer"],
  [{ type: "number", default: 0.7 }, "number, default 0.7"],
  [{ const: "<b>" }, "<code>&quot;&lt;b&gt;&quot;</code>"],
  [{ enum: ["a", 1] }, "<code>&quot;a&quot;</code> or <code>1</code>"],
  [{ type: "array", items: { type: "string" } }, "list of string"],
  [{ type: "array", items: {}, maxItems: 2 }, "list of anything, entries at most 2"],
  [
    { type: "object", properties: { role: { const: "user" }, name: {} }, required: ["role"] },
    "<code>{ role: &quot;user&quot;, name? }</code>",
  ],
  [{ $ref: "#/components/schemas/Bee" }, '<a href="#schema-Bee">Bee</a>'],
  [{ anyOf: [{ type: "string" }, { type: "array", items: {} }] }, "string or list of anything"],
];

for (const [schema, text] of TEXTS) {
  Deno.test(`schemaText() says what ${JSON.stringify(schema)} may be`, () => {
    assert.equal(String(schemaText(schema)), text);
  });
}

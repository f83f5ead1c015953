import assert from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { RbeeError } from "../../src/base/rbee_error.ts";
import type { JsonValue } from "../../src/contracts/json_value.ts";
import type { JsonSchema } from "../../src/contracts/tool.ts";
import { GrammarSchemas } from "../../src/worker/grammar_schema.ts";
import { madeFrom } from "../helpers/made_from.ts";

const NAMES = ["a", "b", "c"];
const DEFINITIONS = ["x", "y"];
const value = fc.oneof(
  fc.constantFrom<JsonValue>(null, true, false, 0, 1, 2, 1.5, "", "a", "ab"),
  fc.constantFrom<JsonValue>([], [1], ["a", 2], {}, { a: 1 }, { a: "a", b: null }),
);
const count = fc.integer({ min: 0, max: 4 });
const bound = fc.integer({ min: -3, max: 6 });

const { schema } = fc.letrec<{ schema: JsonSchema }>((tie) => {
  const inner = tie("schema");
  const some = fc.array(inner, { minLength: 1, maxLength: 3 });
  const keywords = (of: Record<string, fc.Arbitrary<unknown>>) =>
    fc.record(of, { requiredKeys: [] }) as fc.Arbitrary<JsonSchema>;
  return {
    schema: fc.oneof(
      { maxDepth: 3, depthSize: "small" },
      keywords({ type: fc.constantFrom("string", "integer", "boolean", "null") }),
      keywords({ const: value }),
      keywords({ enum: fc.array(value, { minLength: 1, maxLength: 4 }) }),
      fc.constantFrom<JsonSchema>(...DEFINITIONS.map((name) => ({ $ref: `#/$defs/${name}` }))),
      keywords({
        type: fc.oneof(
          fc.constantFrom("string", "integer", "number", "array", "object"),
          fc.uniqueArray(fc.constantFrom("string", "integer", "null", "object"), { minLength: 1 }),
        ),
        enum: fc.array(value, { minLength: 1, maxLength: 6 }),
        minLength: count,
        maxLength: count,
        minimum: bound,
        exclusiveMaximum: bound,
        multipleOf: fc.constantFrom(1, 2, 0.5),
      }),
      keywords({
        type: fc.constant("object"),
        properties: fc.dictionary(fc.constantFrom(...NAMES), inner, { maxKeys: 3 }),
        required: fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: 2 }),
        additionalProperties: fc.oneof(fc.boolean(), inner),
        minProperties: count,
        maxProperties: count,
        anyOf: some,
      }),
      keywords({
        type: fc.constant("array"),
        prefixItems: some,
        items: fc.oneof(fc.boolean(), inner),
        minItems: count,
        maxItems: count,
        uniqueItems: fc.boolean(),
      }),
      keywords({ allOf: some, anyOf: some, oneOf: some, type: fc.constant("object") }),
      keywords({
        $ref: fc.constantFrom(...DEFINITIONS.map((name) => `#/$defs/${name}`)),
        maxLength: count,
        not: inner,
        oneOf: some,
      }),
    ),
  };
});

const document = fc.record({ root: schema, x: schema, y: schema }).map(({ root, x, y }) => ({
  ...root,
  $defs: { x, y },
}));

/** What is made of a schema; undefined where it is refused. */
function converted(root: JsonSchema) {
  const schemas = new GrammarSchemas("response_format");
  try {
    return { ...schemas.add(root), defs: schemas.defs };
  } catch (error) {
    assert.ok(error instanceof RbeeError && error.code === "unsupported", String(error));
    return undefined;
  }
}

/** Undefined for what nobody can check: a definition, used or not, that is nothing but itself. */
function validatorOf(root: JsonSchema) {
  try {
    return new Ajv2020({ strict: false, validateFormats: false, logger: false }).compile(root);
  } catch (error) {
    assert.ok(error instanceof RangeError, String(error));
    return undefined;
  }
}

/**
 * Undefined where the judge comes to no end: a definition may be the first choice of itself. Also where its
 * own code lacks a variable, as Ajv's has it for `prefixItems` behind a choice that `not` shuts.
 */
function judgedBy(fits: (value: unknown) => unknown, value: unknown): boolean | undefined {
  try {
    return fits(value) === true;
  } catch (error) {
    assert.ok(error instanceof RangeError || error instanceof ReferenceError, String(error));
    return undefined;
  }
}

Deno.test("GrammarSchemas makes nothing that does not fit the schema, unless it tells a keyword", () => {
  let checked = 0;
  fc.assert(
    fc.property(document, fc.infiniteStream(fc.nat(), { noHistory: true }), (root, choices) => {
      const made = converted(root);
      if (made === undefined || made.loose.length > 0) return;
      const fits = validatorOf(root);
      if (fits === undefined) return;
      for (let i = 0; i < 5; i++) {
        const sample = madeFrom(made.schema, {
          defs: made.defs,
          choose: () => choices.next().value,
        });
        if (sample === undefined) continue;
        const judged = judgedBy(fits, sample.value);
        if (judged === undefined) return;
        assert.ok(judged, `${JSON.stringify(sample.value)} was made`);
        checked++;
      }
    }),
    { numRuns: 600 },
  );
  assert.ok(checked > 500, `only ${checked} values were made`);
});

Deno.test("GrammarSchemas refuses or tells no schema of the usual keywords that something fits", () => {
  // What a type of a usual library writes: nothing in it is too much for a grammar.
  const usual = fc.letrec<{ schema: JsonSchema }>((tie) => ({
    schema: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<JsonSchema>({ type: "string" }, { type: "integer" }, { type: "boolean" }),
      fc.record({ anyOf: fc.tuple(tie("schema"), fc.constant({ type: "null" })) }),
      fc.record({ type: fc.constant("array"), items: tie("schema") }),
      fc.dictionary(fc.constantFrom(...NAMES), tie("schema"), { minKeys: 1 }).map((properties) => ({
        type: "object",
        properties,
        required: Object.keys(properties),
        additionalProperties: false,
      })),
      fc.record({ allOf: fc.tuple(fc.constant({ $ref: "#/$defs/x" })), description: fc.string() }),
    ),
  })).schema as fc.Arbitrary<JsonSchema>;
  fc.assert(fc.property(usual, fc.constantFrom("string", "integer"), (root, type) => {
    const made = converted({ ...root, $defs: { x: { type } } });
    assert.deepEqual(made?.loose, []);
  }));
});

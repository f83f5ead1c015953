import assert from "node:assert/strict";
import type { JsonSchema } from "../../src/contracts/tool.ts";
import { GrammarSchemas } from "../../src/worker/grammar_schema.ts";

function convert(schema: JsonSchema) {
  const schemas = new GrammarSchemas("response_format");
  const { schema: converted, loose } = schemas.add(schema);
  return { schema: converted, loose, defs: schemas.defs };
}

const refuses = (schema: JsonSchema, why: RegExp) =>
  assert.throws(() => convert(schema), {
    name: "RbeeError",
    code: "unsupported",
    message: why,
    details: { field: "response_format" },
  });

Deno.test("GrammarSchemas writes plain types as they are", () => {
  for (const type of ["string", "number", "boolean", "null"]) {
    assert.deepEqual(convert({ type, description: "x", title: "y" }).schema, { type });
  }
  assert.deepEqual(convert({ type: ["string", "null"] }).schema, {
    oneOf: [{ type: "string" }, { type: "null" }],
  });
});

Deno.test("GrammarSchemas names all properties of an object, and no others", () => {
  const { schema, loose } = convert({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: { a: { type: "string" }, b: { type: "boolean" } },
    required: ["a", "c"],
  });
  assert.deepEqual(loose, []);
  assert.equal(schema["additionalProperties"], false);
  assert.deepEqual(Object.keys(schema["properties"] as object), ["a", "b", "c"]);
});

Deno.test("GrammarSchemas lets an object without properties hold anything", () => {
  assert.equal(convert({ type: "object" }).schema["additionalProperties"], true);
});

Deno.test("GrammarSchemas takes each way to write a choice", () => {
  const either = { oneOf: [{ type: "string" }, { type: "null" }] };
  assert.deepEqual(convert({ anyOf: [{ type: "string" }, { type: "null" }] }).schema, either);
  assert.deepEqual(convert({ oneOf: [{ type: "string" }, { type: "null" }] }).schema, either);
  assert.deepEqual(convert({ type: "string", nullable: true }).schema, either);
  assert.deepEqual(convert({ enum: ["a", 1] }).schema, { oneOf: [{ const: "a" }, { const: 1 }] });
});

Deno.test("GrammarSchemas writes small ranges of integers out", () => {
  assert.deepEqual(convert({ type: "integer", minimum: 1, exclusiveMaximum: 4 }), {
    schema: { enum: [1, 2, 3] },
    loose: [],
    defs: {},
  });
});

Deno.test("GrammarSchemas tells the keywords that no grammar holds", () => {
  const cases: [JsonSchema, string[]][] = [
    [{ type: "string", pattern: "^a" }, ["pattern"]],
    [{ type: "string", format: "email" }, ["format"]],
    [{ type: "string", format: "date" }, []],
    [{ type: "string", maxLength: 100 }, []],
    [{ type: "string", maxLength: 100_000 }, ["maxLength"]],
    [{ type: "number", minimum: 0.5 }, ["minimum"]],
    [{ type: "integer", minimum: 0 }, ["minimum"]],
    [{ type: "integer", minimum: -9007199254740991, maximum: 9007199254740991 }, []],
    [{ type: "array", uniqueItems: true }, ["uniqueItems"]],
    [{ type: "object", propertyNames: { type: "string" } }, []],
    [{ type: "object", patternProperties: {} }, ["patternProperties"]],
    [{ type: "string", not: { const: "a" } }, ["not"]],
  ];
  for (const [schema, loose] of cases) assert.deepEqual(convert(schema).loose, loose);
});

Deno.test("GrammarSchemas follows references, into $defs, definitions and the whole", () => {
  const { schema, defs } = convert({
    type: "object",
    properties: { a: { $ref: "#/$defs/a~1b" }, c: { $ref: "#/definitions/c" } },
    $defs: { "a/b": { type: "string" } },
    definitions: { c: { type: "null" } },
  });
  assert.deepEqual(schema["properties"], { a: { $ref: "#/$defs/d0" }, c: { $ref: "#/$defs/d1" } });
  assert.deepEqual(defs, { d0: { type: "string" }, d1: { type: "null" } });
});

Deno.test("GrammarSchemas leaves out a property that would never end, and refuses one that must be there", () => {
  const { defs } = convert({
    $ref: "#/$defs/node",
    $defs: {
      node: {
        type: "object",
        properties: {
          value: { type: "null" },
          next: { $ref: "#/$defs/node" },
          children: { type: "array", items: { $ref: "#/$defs/node" } },
        },
        required: ["value"],
      },
    },
  });
  assert.deepEqual(Object.keys(defs["d0"]!["properties"] as object), ["value", "children"]);
  refuses(
    { type: "object", properties: { a: { $ref: "#/properties/a" } }, required: ["a"] },
    /refers to itself without an end$/,
  );
});

Deno.test("GrammarSchemas leaves properties out where the circle is, and nowhere else", () => {
  const ref = (name: string) => ({ $ref: `#/$defs/${name}` });
  const { schema, defs } = convert({
    type: "object",
    properties: { wrap: ref("wrap"), tree: ref("tree"), dead: ref("dead") },
    $defs: {
      wrap: { properties: { tree: ref("tree") } },
      tree: { properties: { left: ref("tree"), node: ref("node") } },
      node: { properties: { tree: ref("tree"), id: { type: "null" } } },
      dead: { properties: { dead: ref("dead") }, required: ["dead"] },
    },
  });
  const names = (of: unknown) => Object.keys((of as JsonSchema)["properties"] as object);
  const at = (of: unknown, name: string) => {
    const member = ((of as JsonSchema)["properties"] as JsonSchema)[name] as JsonSchema;
    return defs[String(member["$ref"]).replace("#/$defs/", "")];
  };
  assert.deepEqual(names(schema), ["wrap", "tree"]);
  const tree = at(at(schema, "wrap"), "tree");
  assert.deepEqual(names(tree), ["node"]);
  assert.deepEqual(names(at(tree, "node")), ["id"]);
});

Deno.test("GrammarSchemas refuses what nothing can be made of", () => {
  refuses({ type: "text" }, /a "type" of the schema is no type of JSON$/);
  refuses({ $ref: "#/$defs/none" }, /a "\$ref" of the schema leads to nothing in it$/);
  refuses({ $ref: "https://example.org/x" }, /leads to nothing/);
  const itself = { anyOf: [{ type: "null" }, { $ref: "#/$defs/a" }] };
  refuses({ $ref: "#/$defs/a", $defs: { a: itself } }, /refers to itself without an end$/);
  refuses({ const: "\u0001" }, /control characters$/);
  refuses({ type: "object", properties: { "\u0002": {} } }, /control characters$/);
  let deep: JsonSchema = { type: "string" };
  for (let i = 0; i < 70; i++) deep = { type: "array", items: deep };
  refuses(deep, /nested over 64 deep$/);
});

const object = (properties: JsonSchema, rest: JsonSchema = {}): JsonSchema => ({
  type: "object",
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
  ...rest,
});

Deno.test("GrammarSchemas refuses what no value fits, wherever it stands", () => {
  const one = { anyOf: [{ const: 1 }] };
  const impossible: JsonSchema[] = [
    { enum: [] },
    { type: "integer", enum: [1, 2, 3], minimum: 4 },
    { type: "string", minLength: 30, maxLength: 3 },
    { type: "integer", const: "x" },
    { type: "integer", minimum: 4, maximum: 3 },
    { type: "integer", minimum: 3, maximum: 5, multipleOf: 7 },
    { type: "number", exclusiveMinimum: 2, maximum: 1 },
    { allOf: [{ type: "string" }, { type: "null" }] },
    { allOf: [one, { enum: [2, 3] }] },
    { type: "array", items: false, minItems: 1 },
    { type: "array", prefixItems: [true, false], minItems: 2 },
    object({ a: { type: "boolean" } }, { maxProperties: 0 }),
    object({ a: { type: "boolean" } }, { required: ["b"] }),
    object({ a: { type: "boolean" } }, { minProperties: 2 }),
    { $ref: "#/$defs/s", type: "null", $defs: { s: { type: "string" } } },
    { type: "string", not: {} },
  ];
  for (const schema of impossible) {
    refuses(schema, /: no value that has an end fits the schema$/);
    const { $defs, ...inner } = schema;
    refuses({ ...object({ a: inner }), $defs }, /: no value that has an end fits the schema$/);
  }
});

Deno.test("GrammarSchemas leaves out what no value fits where something else does", () => {
  const never = { allOf: [{ type: "string" }, { type: "null" }] };
  const { schema } = convert({
    type: "object",
    properties: {
      a: never,
      b: { anyOf: [never, { type: "boolean" }] },
      c: { type: "array", items: never },
    },
  });
  assert.deepEqual(schema["properties"], {
    b: { type: "boolean" },
    c: { type: "array", maxItems: 0 },
  });
});

Deno.test("GrammarSchemas joins what stands beside a reference, a choice or a list of values", () => {
  const $defs = { s: { type: "string", minLength: 1 }, n: { enum: [1, 2, 3, "a"] } };
  const joined = (schema: JsonSchema) => {
    const { defs, schema: root, loose } = convert({ ...schema, $defs });
    assert.deepEqual(loose, []);
    return root["$ref"] === undefined ? root : defs["d0"];
  };
  assert.deepEqual(joined({ $ref: "#/$defs/s", maxLength: 2 }), {
    type: "string",
    minLength: 1,
    maxLength: 2,
  });
  assert.deepEqual(joined({ allOf: [{ type: "string", maxLength: 3 }, { maxLength: 300 }] }), {
    type: "string",
    maxLength: 3,
  });
  assert.deepEqual(joined({ $ref: "#/$defs/n", type: "integer", minimum: 3 }), { const: 3 });
  assert.deepEqual(joined({ type: ["string", "null"], enum: ["a", "b", 7] }), {
    oneOf: [{ const: "a" }, { const: "b" }],
  });
  const either = (...values: number[]) => ({ anyOf: values.map((value) => ({ const: value })) });
  assert.deepEqual(joined({ allOf: [either(1, 2), either(2, 3)] }), { const: 2 });
  assert.deepEqual(joined({ type: "object", properties: { a: {} }, maxProperties: 0 }), {
    type: "object",
    properties: {},
    additionalProperties: false,
  });
});

Deno.test("GrammarSchemas tells what the values that it makes may break", () => {
  const cases: [JsonSchema, string[]][] = [
    [{ type: "object", properties: { a: { type: "boolean" } }, minProperties: 3 }, [
      "minProperties",
    ]],
    [{ type: "integer", minimum: 1e17 }, ["minimum"]],
    [{ type: "object", minProperties: 2 }, ["minProperties"]],
    [{ type: "string", maxLength: "2" }, ["maxLength"]],
    [{ oneOf: [{ type: "integer" }, { type: "number" }] }, ["oneOf"]],
    [{ oneOf: [object({ a: { const: 1 } }), object({ a: { const: 2 } })] }, []],
    [{ oneOf: Array.from({ length: 100 }, (_, i) => object({ a: { const: i } })) }, []],
    [{ oneOf: [object({ a: {} }), object({ b: {} })] }, []],
    [{ oneOf: [{ properties: { a: {} } }, { properties: { b: {} } }] }, ["oneOf"]],
  ];
  for (const [schema, loose] of cases) assert.deepEqual(convert(schema).loose, loose);
});

Deno.test("GrammarSchemas names a definition once, however many ways lead to it", () => {
  const depth = 200;
  const $defs: JsonSchema = { [`a${depth}`]: { type: "boolean" } };
  for (let i = 0; i < depth; i++) {
    const next = { allOf: [{ $ref: `#/$defs/a${i + 1}` }] };
    $defs[`a${i}`] = { type: "object", properties: { l: next, r: next } };
  }
  const { defs } = convert({ $ref: "#/$defs/a0", $defs });
  assert.equal(Object.keys(defs).length, depth + 1);
});

Deno.test("GrammarSchemas refuses what would be too much work", () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => i);
  const named = (count: number, of: (i: number) => JsonSchema) =>
    Object.fromEntries(many(count).map((i) => [`p${i}`, of(i)]));
  refuses({ enum: many(1001) }, /over 1000 values or choices in one place$/);
  const half = { anyOf: many(501).map((value) => ({ const: value })) };
  refuses(
    { anyOf: [half, { $ref: "#/$defs/half" }], $defs: { half } },
    /over 1000 values or choices in one place$/,
  );
  refuses(object(named(20_000, () => ({ type: "string" }))), /over 20000 parts$/);
  const split = (i: number) => ({ allOf: [{ anyOf: [{ minLength: i }, { pattern: `${i}` }] }] });
  refuses({ allOf: many(20).map(split) }, /over 20000 parts$/);
  const $defs = named(301, (i) => ({ const: i }));
  refuses(
    { ...object(named(301, (i) => ({ $ref: `#/$defs/p${i}` }))), $defs },
    /over 300 definitions$/,
  );
  refuses(
    object(named(100, (i) => ({ type: "string", maxLength: 300 + i }))),
    /lengths in the schema add up to over 20000$/,
  );
  // Of one length there is one rule.
  convert(object(named(100, () => ({ type: "string", maxLength: 300 }))));
});

Deno.test("GrammarSchemas finds what references escape, and takes a wrong escape as it is", () => {
  const $defs = { "a b": { type: "null" }, "%zz": { type: "boolean" } };
  assert.deepEqual(convert({ $ref: "#/$defs/a%20b", $defs }).defs, { d0: { type: "null" } });
  assert.deepEqual(convert({ $ref: "#/$defs/%zz", $defs }).defs, { d0: { type: "boolean" } });
  refuses({ $ref: "#/$defs/%zy", $defs }, /leads to nothing in it$/);
});

Deno.test("GrammarSchemas keeps names that objects have of their own", () => {
  const { schema } = convert(JSON.parse('{"properties":{"__proto__":{"type":"null"}}}'));
  assert.deepEqual(Object.keys(schema["properties"] as object), ["__proto__"]);
  refuses({ const: "\ud800" }, /half a character$/);
});

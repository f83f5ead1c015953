import assert from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import { configSchema } from "../../src/config/config_schema.ts";
import { judgeYaml } from "../../src/config/config_mistakes.ts";
import { rbeeYamlSchema } from "../../src/config/rbee_yaml.ts";
import { holder, type SchemaNode } from "../../src/config/schema_node.ts";

/** Every key that may stand in the file, with its schema; names that a person gives are `*`. */
function allKeys(node: SchemaNode, path = ""): [string, SchemaNode][] {
  const { properties = {}, additionalProperties } = holder(node);
  const own = Object.entries(properties).flatMap(([name, child]): [string, SchemaNode][] => [
    [`${path}${name}`, child],
    ...allKeys(child, `${path}${name}.`),
  ]);
  if (typeof additionalProperties !== "object") return own;
  return [...own, ...allKeys(additionalProperties, `${path}*.`)];
}

Deno.test("configSchema() describes every key", () => {
  const keys = allKeys(configSchema());
  assert.ok(keys.length > 30, String(keys.length));
  for (const [key, { description }] of keys) assert.ok(description, `${key} has no description`);
});

Deno.test("configSchema() names the unit of every time and size", () => {
  for (const [key, { description = "" }] of allKeys(configSchema())) {
    if (/idle|stall/.test(key)) assert.match(description, /a time such as|hive\.idle/, key);
    if (/_mib$/.test(key)) assert.match(description, /MiB/, key);
    if (/_hours$/.test(key)) assert.match(description, /hours/, key);
  }
});

Deno.test("configSchema() gives each default as it may be written", () => {
  for (const [key, node] of allKeys(configSchema())) {
    if (node.default === undefined || key.includes("*")) continue;
    const value = key.split(".").reduceRight<unknown>(
      (held, name) => ({ [name]: held }),
      node.default,
    );
    const text = JSON.stringify(value);
    assert.deepEqual(judgeYaml(text, rbeeYamlSchema).value, rbeeYamlSchema.parse({}), key);
  }
});

Deno.test("configSchema() takes and refuses what the reader does", () => {
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(configSchema());
  for (
    const text of [
      "{}",
      '{"queen": {"port": 0}, "hive": {"idle": "5m"}, "models": {"a": {"idle": 5}}}',
      '{"hives": {"gpu": {"ssh": "x"}}}',
      '{"hives": null}',
      '{"queen": {"prot": 0}}',
      '{"queen": {"port": -1}}',
      '{"hive": {"idle": true}}',
      '{"engines": {"x": {}}}',
      '{"engines": {"X": {"command": ["x", "{port}"]}}}',
      '{"models": {"a": {"kv_type": "q2"}}}',
      "[]",
    ]
  ) {
    const isRead = judgeYaml(text, rbeeYamlSchema).mistakes.length === 0;
    assert.equal(validate(JSON.parse(text)), isRead, text);
  }
});

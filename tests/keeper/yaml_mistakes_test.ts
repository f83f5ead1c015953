import assert from "node:assert/strict";
import { yamlMistakes } from "../../src/keeper/yaml_mistakes.ts";

const said = (text: string) =>
  yamlMistakes(text).map(({ line, column, key, message }) =>
    `${line}:${column} ${key ?? "-"}: ${message}`
  );
const SECRET = `hf_${"aB3".repeat(12)}`;

Deno.test("yamlMistakes() has nothing against names that a hive takes", () => {
  const names = [
    "bee-tiny",
    "hf:org/repo",
    "hf:org/repo:Q4_K_M",
    "https://x/m.gguf",
    "/m/a b.gguf",
  ];
  const models = Object.fromEntries(names.map((name) => [name, null]));
  assert.deepEqual(said(JSON.stringify({ models })), []);
});

Deno.test("yamlMistakes() places names of models that every request is refused for", () => {
  const [unknown, address, ...others] = said("models:\n  bee-tine: {}\n  http://x/m.gguf:\n");
  assert.match(
    unknown!,
    /^2:3 models\.bee-tine: Cannot find the model "bee-tine"; name bee-tiny, /,
  );
  assert.match(address!, /^3:3 models\.http:\/\/x\/m\.gguf: .*set hive\.allow_http: true/);
  assert.deepEqual(others, []);
  assert.deepEqual(said("hive: {allow_http: true}\nmodels: {'http://x/m.gguf': {}}"), []);
});

Deno.test("yamlMistakes() refuses a secret in a name without repeating it", () => {
  const [only, ...others] = said(`models:\n  "https://x/m.gguf?token=${SECRET}": {pin: true}\n`);
  assert.match(only!, /^2:3 models\..*looks like a secret/);
  assert.ok(!only!.includes(SECRET), only);
  assert.deepEqual(others, []);
});

Deno.test("yamlMistakes() names models beside other mistakes, in the order of the file, each key once", () => {
  const found = yamlMistakes("models:\n  bee-tine: {}\n  'http://a:b@x/m.gguf': {}\nquen: 1\n");
  assert.deepEqual(found.map(({ line }) => line), [2, 3, 4]);
});

Deno.test("yamlMistakes() judges what is no YAML or no mapping", () => {
  for (const text of ["models: [", "models: 7", "models: [a]", "7", "models: {__proto__: {}}"]) {
    assert.equal(yamlMistakes(text).length, 1, text);
  }
});

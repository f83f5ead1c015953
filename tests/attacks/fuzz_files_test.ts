import assert from "node:assert/strict";
import fc from "fast-check";
import { parseRbeeYaml } from "../../src/config/rbee_yaml.ts";
import { readGgufFacts } from "../../src/models/gguf_facts.ts";
import { GgufReader, TooShort } from "../../src/models/gguf_reader.ts";
import { renderChat } from "../../src/worker/chat_prompt.ts";
import { anyOf, FUZZ, orRefused, orRefusedLater } from "../helpers/fuzz.ts";
import { writeEmptyModel } from "../helpers/gguf_file.ts";
import { anyText } from "../helpers/hostile_strings.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const YAML = [
  "\n",
  "\n  ",
  "queen:",
  "queen: {port: 1}\n",
  "hives:\n  a: {url: http://a}\n",
  "models: ",
  "engines: {x: {command: [a]}}\n",
  "- ",
  "? ",
  "!!js/function x",
  "!!binary AA==",
  "&a ",
  "*a",
  "<<: *a\n",
  "__proto__: {x: 1}\n",
  "constructor: ",
  "{",
  "[",
  "}",
  "|\n",
  ">-\n",
  "%YAML 9.9\n",
  "---\n",
  "...\n",
  '"\\x"',
  "'",
  "# x",
  "\t",
  "1e999",
  ".nan",
  "0o7",
  "&a [*a,*a]",
  "[".repeat(3000),
];

Deno.test("fuzz: any text for rbee.yaml is settings, or a mistake with its place that repeats no value", () => {
  fc.assert(
    fc.property(anyOf(YAML), (text) => {
      const value = orRefused(() => parseRbeeYaml("rbee.yaml", text));
      if (value !== undefined) assert.equal(typeof value.queen.port, "number");
    }),
    FUZZ,
  );
  assert.equal(({} as Record<string, unknown>)["x"], undefined);
});

Deno.test("fuzz: settings that are written are read back as they were", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/);
  const yaml = fc.record({
    queen: fc.record({ port: fc.integer({ min: 0, max: 65_535 }), require_token: fc.boolean() }),
    engines: fc.dictionary(
      name.filter((each) => each !== "llama"),
      fc.record({ command: fc.tuple(name, anyText().filter((each) => !/\{|\0/.test(each))) }),
      { maxKeys: 3, noNullPrototype: true },
    ),
  }, { noNullPrototype: true });
  fc.assert(
    fc.property(yaml, (settings) => {
      const read = orRefused(() => parseRbeeYaml("rbee.yaml", JSON.stringify(settings)));
      if (read === undefined) return;
      assert.equal(read.queen.port, settings.queen.port);
      assert.deepEqual(Object.keys(read.engines).sort(), Object.keys(settings.engines).sort());
    }),
    FUZZ,
  );
});

/** The header of a real file with some of its bytes changed, cut, or put in. */
function damaged(header: Uint8Array): fc.Arbitrary<Uint8Array> {
  const place = fc.double({ min: 0, max: 1, noNaN: true });
  const change = fc.tuple(
    place,
    fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      fc.constantFrom(
        Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255),
        Uint8Array.of(0, 0, 0, 0, 0, 0, 16, 0),
        Uint8Array.of(9, 0, 0, 0, 9, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0),
        Uint8Array.of(8, 0, 0, 0, 255, 255, 255, 255, 255, 255, 31, 0),
      ),
    ),
    fc.boolean(),
  );
  return fc.tuple(fc.array(change, { minLength: 1, maxLength: 5 }), place).map(
    ([changes, end]) => {
      let bytes = [...header];
      for (const [at, put, over] of changes) {
        const from = Math.floor(at * bytes.length);
        bytes = [...bytes.slice(0, from), ...put, ...bytes.slice(from + (over ? put.length : 0))];
      }
      return Uint8Array.from(end > 0.9 ? bytes.slice(0, Math.floor(bytes.length / 2)) : bytes);
    },
  );
}

Deno.test("fuzz: a file that is no GGUF, or a damaged one, is told what it is or refused in words", async () => {
  await using folder = await TemporaryFolder.make();
  const whole = folder.join("whole.gguf");
  await writeEmptyModel(whole, { layers: 1, width: 128 });
  const header = (await Deno.readFile(whole)).subarray(0, 2500);
  const path = folder.join("damaged.gguf");
  await fc.assert(
    fc.asyncProperty(damaged(header), async (bytes) => {
      await Deno.writeFile(path, bytes);
      const facts = await orRefusedLater(() => readGgufFacts(path));
      if (facts === undefined) return;
      assert.ok(Object.values(facts.values).every((each) => String(each).length <= 301));
      JSON.stringify(facts);
    }),
    FUZZ,
  );
});

Deno.test("fuzz: a reader of GGUF reads no more values than there are bytes for", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const reader = new GgufReader(bytes);
      let reads = 0;
      try {
        for (;; reads++) reader.value(reader.u32());
      } catch (error) {
        assert.ok(error instanceof TooShort || error instanceof Error);
        assert.ok(reads <= bytes.length / 4);
      }
    }),
    FUZZ,
  );
});

Deno.test("fuzz: a model's chat template writes a text, or refuses, whatever it is and is given", () => {
  const pieces = [
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    " for m in messages ",
    " endfor ",
    " if ",
    " else ",
    " endif ",
    " set x = 1 ",
    " macro f(x) ",
    " endmacro ",
    "messages",
    "[0]",
    "['content']",
    ".constructor",
    ".__proto__",
    ".constructor.constructor('return 1')()",
    "|tojson",
    "|length",
    "|map(attribute='x')",
    "raise_exception('no')",
    "namespace(a=1)",
    "range(3)",
    "bos_token",
    "(",
    ")",
    "'",
    "~",
    "-%}",
    "{%- ",
  ];
  fc.assert(
    fc.property(anyOf(pieces, 20), anyText(), (template, content) => {
      const messages = [{ role: "user" as const, content }];
      const text = orRefused(() => renderChat(template, { messages }, { bos: "<s>", eos: "</s>" }));
      if (text !== undefined) assert.equal(typeof text, "string");
    }),
    FUZZ,
  );
});

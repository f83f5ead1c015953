import assert from "node:assert/strict";
import fc from "fast-check";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { judgeYaml } from "../../src/config/config_mistakes.ts";
import { parseRbeeYaml, rbeeYamlSchema } from "../../src/config/rbee_yaml.ts";

/** What is wrong with a text: `LINE:COLUMN KEY: SENTENCE`, in the order in which it is said. */
function mistakesIn(text: string): string[] {
  return judgeYaml(text, rbeeYamlSchema).mistakes.map(({ line, column, key, message }) =>
    `${line}:${column} ${key ?? "-"}: ${message}`
  );
}

const SECRET = `hf_${"aB3".repeat(12)}`;

const TABLE: readonly (readonly [what: string, text: string, mistakes: readonly string[]])[] = [
  ["nothing wrong", "queen: {port: 1}\n", []],
  ["a swapped letter", "queen:\n  prot: 1\n", [
    '2:3 queen.prot: "queen.prot" is not a known key (did you mean "port"?)',
  ]],
  ["another way of writing a name", "queen: { Max-Queue: 1 }", [
    '1:10 queen.Max-Queue: "queen.Max-Queue" is not a known key (did you mean "max_queue"?)',
  ]],
  ["a key of another part", "hive:\n  max_requests: 4\n  port: 1\n", [
    '2:3 hive.max_requests: "hive.max_requests" is not a known key (did you mean "queen.max_requests"?)',
  ]],
  ["a key that is like none", "colour: red\n", [
    '1:1 colour: "colour" is not a known key (known here are queen, hive, models, engines, journal, limits, hives)',
  ]],
  [
    "several mistakes at once, in the order of the file",
    "hive: 7\njournal:\n  max_jobs: 0\nquen: {}\n",
    [
      '1:7 hive: "hive" must be a mapping of keys to values',
      '3:13 journal.max_jobs: "journal.max_jobs" must be a whole number from 1 to 1000000',
      '4:1 quen: "quen" is not a known key (did you mean "queen"?)',
    ],
  ],
  ["a number above its bound", "models:\n  m: {parallel: 257}", [
    '2:17 models.m.parallel: "models.m.parallel" must be a whole number from 1 to 256',
  ]],
  ["a number that must be above another", "journal: {max_mib: 0}", [
    '1:20 journal.max_mib: "journal.max_mib" must be a number above 0',
  ]],
  ["a value that is none of those that may be", "models: {m: {kv_type: q2}}", [
    '1:23 models.m.kv_type: "models.m.kv_type" must be one of f16, q8_0, q4_0',
  ]],
  ["an only value", "engines: {x: {command: [x, '{port}'], api: ollama}}", [
    '1:44 engines.x.api: "engines.x.api" must be openai',
  ]],
  ["a switch", "journal:\n  keep_completions: 1\n", [
    '2:21 journal.keep_completions: "journal.keep_completions" must be true or false',
  ]],
  ["a time that is no text and no number", "hive: {idle: true}", [
    '1:14 hive.idle: "hive.idle" must be a time such as 90s, 5m or 1h, or 0',
  ]],
  ["a list that is none", "engines:\n  x:\n    command: x\n", [
    '3:14 engines.x.command: "engines.x.command" must be a list of at least 1',
  ]],
  ["an entry of a list", "engines:\n  x:\n    command:\n    - x\n    - 7\n    - '{port}'\n", [
    '5:7 engines.x.command.1: "engines.x.command.1" must be text',
  ]],
  ["what is missing", "engines:\n  x:\n    narration: true\n", [
    '2:3 engines.x.command: "engines.x.command" is missing; it must be a list of at least 1',
  ]],
  ["what is missing under another name", "engines:\n  x: {comand: [y]}\n", [
    '2:7 engines.x.comand: "engines.x.comand" is not a known key (did you mean "command"?)',
  ]],
  ["a name that does not fit", "hives:\n  gpu: {ssh: a}\n  local: {ssh: b}\n", [
    '3:3 hives.local: "hives.local" must not be "local", which is this machine\'s own',
  ]],
  ["a name that is too long", `hives:\n  ${"h".repeat(64)}: {ssh: a}\n`, [
    `2:3 hives.${"h".repeat(64)}: "hives.${"h".repeat(64)}" must be text of 0 to 63 characters`,
  ]],
  ["neither of two keys", "hives: {gpu: {path: /x}}", [
    '1:14 hives.gpu: "hives.gpu" needs either ssh or url',
  ]],
  ["one of two keys under another name", "hives: {gpu: {shh: x}}", [
    '1:15 hives.gpu.shh: "hives.gpu.shh" is not a known key (did you mean "ssh"?)',
  ]],
  ["a value behind an alias", "queen: {port: &p many}\nhive: {port: *p}\n", [
    '1:18 queen.port: "queen.port" must be a whole number from 0 to 65535',
    '2:14 hive.port: "hive.port" must be a whole number from 0 to 65535',
  ]],
  [
    "a key that is there twice, beside another mistake",
    "queen: {port: 1}\nhive: {port: x}\nqueen: {}\n",
    [
      '2:14 hive.port: "hive.port" must be a whole number from 0 to 65535',
      "3:1 -: Map keys must be unique",
    ],
  ],
  ["a name that objects have already", "models:\n  __proto__: {pin: true}\n", [
    '2:3 -: "__proto__" is not a known key',
  ]],
  [
    "a name that objects have already, once wherever it stands",
    "__proto__: 1\nengines:\n  __proto__: {}\n",
    [
      '1:1 -: "__proto__" is not a known key',
      '3:3 -: "__proto__" is not a known key',
    ],
  ],
  ["a key that looks like a secret, without it", `${SECRET}: 1\nengines:\n  ${SECRET}: {}\n`, [
    '1:1 hf_[redacted]: "hf_[redacted]" is not a known key (known here are queen, hive, models, engines, journal, limits, hives)',
    '3:3 engines.hf_[redacted]: "engines.hf_[redacted]" must be small letters, digits, dots, dashes and underscores, and begin with a letter or digit',
  ]],
  ["an alias that looks like a secret, without it", `queen: *${SECRET}\n`, [
    "1:8 -: Unresolved alias (the anchor must be set before the alias): hf_[redacted]",
  ]],
  ["other names that objects have", "constructor: 1\nmodels: {toString: {valueOf: 1}}\n", [
    '1:1 constructor: "constructor" is not a known key (known here are queen, hive, models, engines, journal, limits, hives)',
    '2:21 models.toString.valueOf: "models.toString.valueOf" is not a known key (known here are context, gpu_layers, parallel, kv_type, threads, device, engine, idle, pin, preload)',
  ]],
  ["a tag that nobody knows", "queen: !secret x\n", [
    "1:8 -: Unresolved tag: !secret",
    '1:16 queen: "queen" must be a mapping of keys to values',
  ]],
  ["an alias without its anchor", "queen: {}\nhive: *lost\n", [
    "2:7 -: Unresolved alias (the anchor must be set before the alias): lost",
  ]],
  ["two documents", "queen: {}\n---\nhive: {}\n", [
    "2:1 -: The file must be one document, and here a second begins; take this line of --- out",
  ]],
  ["no mapping", "- queen\n", ["1:1 -: The file must be a mapping of keys to values"]],
];

for (const [what, text, mistakes] of TABLE) {
  Deno.test(`judgeYaml() places and names ${what}`, () => {
    assert.deepEqual(mistakesIn(text), mistakes);
  });
}

Deno.test("judgeYaml() never repeats a value of the file, which may be a secret", () => {
  const text =
    'queen: {port: "hunter2"}\nhive: {host: [hunter2]}\nengines: {x: {command: hunter2, env: {A: [hunter2]}}}\nmodels: hunter2\n';
  const mistakes = mistakesIn(text);
  assert.equal(mistakes.length, 5);
  assert.doesNotMatch(mistakes.join("\n"), /hunter2/);
});

Deno.test("judgeYaml() refuses lists in lists without end, and texts without end", () => {
  for (const text of ["[".repeat(100_000), "- ".repeat(100_000), "a: {".repeat(50_000)]) {
    assert.deepEqual(mistakesIn(text), ["1:1 -: The file is nested too deeply"]);
  }
  assert.deepEqual(mistakesIn(`# ${"x".repeat(1024 * 1024)}`), [
    "1:1 -: The file is too long for settings",
  ]);
});

// A longer search: FUZZ_RUNS=10000.
const RUNS = Number(Deno.env.get("FUZZ_RUNS") ?? 300);

const NAMES = [
  ...Object.entries(rbeeYamlSchema.shape).map(([name]) => name),
  ...["port", "host", "idle", "m", "x", "command", "env", "ssh", "__proto__", "constructor", ""],
];
const VALUES = fc.oneof(fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null));
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    VALUES,
    fc.array(tie("tree"), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...NAMES), fc.string()), tie("tree"), { maxKeys: 4 }),
  ),
}));

/** Reads a text, which must give settings or an RbeeError with a place in the text. */
function readAny(text: string): void {
  const { mistakes } = judgeYaml(text, rbeeYamlSchema);
  const lines = text.split(/\r\n|\n|\r/).length;
  for (const { line, column, message } of mistakes) {
    assert.ok(line >= 1 && line <= lines + 1 && column >= 1, `${line}:${column}`);
    assert.match(message, /^\S.*\S$/su);
  }
  try {
    parseRbeeYaml("rbee.yaml", text);
    assert.equal(mistakes.length, 0);
  } catch (error) {
    assert.ok(error instanceof RbeeError, String(error));
    assert.equal(error.code, "bad_config");
    assert.equal(error.details?.["mistakes"], mistakes.length);
  }
}

Deno.test("parseRbeeYaml() throws nothing but RbeeError, whatever the file holds", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), readAny), { numRuns: RUNS });
  const yamlish = fc.array(
    fc.constantFrom(
      ..."abqueen: {}[],&*!|>-?%@`'\"#\n\t \\0".split(""),
      "queen",
      ": ",
      "\n  ",
      "<<",
    ),
    { maxLength: 60 },
  ).map((parts) => parts.join(""));
  fc.assert(fc.property(yamlish, readAny), { numRuns: RUNS });
});

Deno.test("parseRbeeYaml() throws nothing but RbeeError, whatever stands under the keys it knows", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom(...NAMES), tree, { maxKeys: 5 }),
      (value) => readAny(JSON.stringify(value)),
    ),
    { numRuns: RUNS },
  );
});

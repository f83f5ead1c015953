import assert from "node:assert/strict";
import type { ModelDetails, StoredModel } from "../../src/contracts/model.ts";
import { modelFactLines, modelLines } from "../../src/keeper/model_lines.ts";

const MODEL: StoredModel = {
  name: "hf:bees/big:big-Q4_K_M.gguf",
  hive: "attic",
  state: "stored",
  files: [{ path: "hf/bees/big/big-Q4_K_M.gguf", bytes: 4_140_000_000 }],
  bytes: 4_140_000_000,
  quantisation: "Q4_K_M",
  parameters: 7_241_732_096,
  context: 32_768,
  architecture: "llama",
  used_by: ["worker-1"],
};

/** A line of the table for a model that differs so from {@linkcode MODEL}, by its cells. */
function cells(fields: Partial<StoredModel> = {}): string[] {
  const [head = "", line = ""] = modelLines([{ ...MODEL, ...fields }]);
  const starts = [...head.matchAll(/(?<=^| {2})\S/g)].map(({ index }) => index);
  return starts.map((start, at) => line.slice(start, starts[at + 1]).trim());
}

const DETAILS: ModelDetails = { ...MODEL, facts: {} };

/** What stands behind a name among the facts. */
function fact(name: string, fields: Partial<ModelDetails> = {}): string[] {
  return modelFactLines({ ...DETAILS, ...fields }).flatMap((line) => {
    const [, key, value = ""] = /^(.*?)  +(.*)$/.exec(line) ?? [];
    return key === name ? [value] : [];
  });
}

Deno.test("modelLines() shows each model with what is known of it", () => {
  assert.deepEqual(cells(), [
    "hf:bees/big:big-Q4_K_M.gguf",
    "attic",
    "4.1 GB",
    "Q4_K_M",
    "7.2B",
    "32768",
    "1 worker",
  ]);
});

Deno.test("modelLines() leaves empty what its files do not tell, and who uses it when nobody does", () => {
  const unknown = { quantisation: null, parameters: null, context: null, used_by: [] };
  assert.deepEqual(cells(unknown).slice(3), ["", "", "", ""]);
});

for (
  const [bytes, state, shown] of [
    [1_695_616, "stored", "1.7 MB"],
    [999_000, "stored", "999.0 kB"],
    [1e9, "stored", "1.0 GB"],
    [0, "partial", "0.0 kB (partial)"],
    [2_500_000, "downloading", "2.5 MB (downloading)"],
  ] as const
) {
  Deno.test(`modelLines() shows ${bytes} bytes of what is ${state} as ${shown}`, () => {
    assert.equal(cells({ bytes, state })[2], shown);
  });
}

for (
  const [count, shown] of [[836_000, "836K"], [1_000_000, "1M"], [134_515_008, "135M"], [
    1e9,
    "1.0B",
  ]] as const
) {
  Deno.test(`modelLines() shows ${count} parameters as ${shown}`, () => {
    assert.equal(cells({ parameters: count })[4], shown);
  });
}

Deno.test("modelLines() counts the workers that use a model", () => {
  assert.equal(cells({ used_by: ["worker-1", "worker-2"] })[6], "2 workers");
});

Deno.test("modelLines() of none is the head alone", () => {
  const lines = modelLines([]);
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /^MODEL +HIVE +SIZE +QUANTISATION +PARAMETERS +CONTEXT +USED BY$/);
});

Deno.test("modelFactLines() begins with what matters, and then says what the header does, by name", () => {
  const facts = { "tokenizer.ggml.model": "gpt2", "general.name": "Big", "llama.block_count": 32 };
  const keys = modelFactLines({ ...DETAILS, facts }).map((line) => line.split(/  +/)[0]);
  assert.deepEqual(keys, [
    ...["model", "hive", "size", "quantisation", "parameters", "context", "used by", "file"],
    ...["general.name", "llama.block_count", "tokenizer.ggml.model"],
  ]);
  assert.deepEqual(fact("llama.block_count", { facts }), ["32"]);
});

Deno.test("modelFactLines() aligns the values", () => {
  const lines = modelFactLines({ ...DETAILS, facts: { "a.very.long.name.of.a.fact": true } });
  const column = lines.at(-1)!.indexOf("true");
  for (const line of lines) assert.match(line.slice(column - 2, column + 1), /^ {2}\S$/, line);
});

Deno.test("modelFactLines() says what is not told, and that nobody uses it", () => {
  const unknown = { quantisation: null, parameters: null, context: null, used_by: [] };
  assert.deepEqual(
    ["quantisation", "parameters", "context", "used by"].map((name) => fact(name, unknown)[0]),
    ["not told", "not told", "not told", "no worker"],
  );
});

Deno.test("modelFactLines() lists every file of a split model, with its sum where that was asked for", () => {
  const files = [{ path: "a-00001-of-00002.gguf", bytes: 10 }, {
    path: "a-00002-of-00002.gguf",
    bytes: 7,
  }];
  assert.deepEqual(fact("size", { files, bytes: 17 }), ["0.0 kB in 2 files"]);
  assert.deepEqual(fact("file", { files }), [
    "a-00001-of-00002.gguf  10 bytes",
    "a-00002-of-00002.gguf  7 bytes",
  ]);
  assert.deepEqual(fact("file", { files, sha256: ["ab", "cd"] }), [
    "a-00001-of-00002.gguf  10 bytes  ab",
    "a-00002-of-00002.gguf  7 bytes  cd",
  ]);
});

Deno.test("modelFactLines() keeps a fact of several lines on one", () => {
  const facts = { "tokenizer.chat_template": "{% if a %}\n  b\n{% endif %}" };
  assert.deepEqual(fact("tokenizer.chat_template", { facts }), [
    "{% if a %}\\n  b\\n{% endif %}",
  ]);
});

import assert from "node:assert/strict";
import { readGgufFacts } from "../../src/models/gguf_facts.ts";
import { writeEmptyModel } from "../helpers/gguf_file.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const DEMO = "src/models/demo_model/bee-tiny.gguf";

Deno.test("readGgufFacts() reads what a header says, and counts the weights", async () => {
  const facts = await readGgufFacts(DEMO);
  const { architecture, quantisation, parameters, context } = facts;
  assert.deepEqual({ architecture, quantisation, parameters, context }, {
    architecture: "llama",
    quantisation: "F16",
    parameters: 836_736,
    context: 256,
  });
  assert.equal(facts.values["general.name"], "bee-tiny");
  assert.equal(facts.values["tokenizer.ggml.tokens"], undefined, "lists are left out");
});

Deno.test("readGgufFacts() reads a model that says little", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("x.gguf");
  await writeEmptyModel(path, { architecture: "gemma3", context: 777 });
  const { architecture, quantisation, context } = await readGgufFacts(path);
  assert.deepEqual([architecture, quantisation, context], ["gemma3", undefined, 777]);
});

Deno.test("readGgufFacts() says why a file cannot be read, wherever it is cut", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("x.gguf");
  const whole = await Deno.readFile(DEMO);
  for (const length of [0, 3, 4, 10, 24, 100, 5000]) {
    await Deno.writeFile(path, whole.subarray(0, length));
    await assert.rejects(readGgufFacts(path), { code: "not_gguf" }, `cut at ${length}`);
  }
});

Deno.test("readGgufFacts() is not led astray by lengths that make no sense", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("x.gguf");
  const whole = await Deno.readFile(DEMO);
  // The version, the counts of tensors and values, the length of the first key.
  for (const at of [4, 8, 16, 24]) {
    const bytes = whole.slice();
    bytes.fill(0xff, at, at + 4);
    bytes.fill(0x7f, at + 4, at + 8);
    await Deno.writeFile(path, bytes);
    await assert.rejects(readGgufFacts(path), { code: "not_gguf" }, `at ${at}`);
  }
});

Deno.test("readGgufFacts() keeps the begin of a text however long it is, and no header of endless values", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("x.gguf");
  const header = (pairs: number, ...parts: (Uint8Array<ArrayBuffer> | string)[]) =>
    new Blob([
      "GGUF",
      Uint32Array.of(3),
      BigUint64Array.of(0n, BigInt(pairs)),
      ...parts,
    ]).stream();
  const key = [
    new Uint8Array(BigUint64Array.of(1n).buffer),
    "k",
    new Uint8Array(Uint32Array.of(8).buffer),
  ];
  const long = 3 * 1024 * 1024;
  await Deno.writeFile(
    path,
    header(
      1,
      ...key,
      new Uint8Array(BigUint64Array.of(BigInt(long)).buffer),
      "\u00e9".repeat(long / 2),
    ),
  );
  const { values } = await readGgufFacts(path);
  assert.equal(values["k"], "\u00e9".repeat(300) + "\u2026");
  await Deno.writeFile(path, header(10_001, new Uint8Array(1000)));
  await assert.rejects(readGgufFacts(path), { code: "not_gguf", message: /claims 10001 values/ });
});

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

import assert from "node:assert/strict";
import {
  modelCopySchema,
  modelDeleteSchema,
  modelDetailsSchema,
  modelDownloadSchema,
  modelGetSchema,
  modelListOperationSchema,
  modelReceiptSchema,
  modelReceiveSchema,
  modelSizeSchema,
  storedModelSchema,
} from "../../src/contracts/model.ts";
import { complaints } from "../helpers/schema_table.ts";

const SUM = "ab".repeat(32);
const STORED = {
  name: "hf:bees/big:big-Q4_K_M.gguf",
  hive: "attic",
  state: "stored",
  files: [{ path: "hf/bees/big/big-Q4_K_M.gguf", bytes: 10 }],
  bytes: 10,
  quantisation: "Q4_K_M",
  parameters: 7,
  context: 4096,
  architecture: "llama",
  used_by: [],
};
const NOT_TOLD = { quantisation: null, parameters: null, context: null, architecture: null };
const FILE = { path: "hf/bees/big/big.gguf", bytes: 10, sha256: SUM };
const GET = { operation: "model_get", model: "bee-tiny" };
const DELETE = { operation: "model_delete", model: "bee-tiny" };
const COPY = { operation: "model_copy", model: "hf:bees/big", from: "attic", to: "local" };
const RECEIVE = { operation: "model_receive", model: "hf:bees/big", files: [FILE] };

/** All but one member of a value. */
function without<T extends Record<string, unknown>>(value: T, name: keyof T): Partial<T> {
  const { [name]: _left, ...rest } = value;
  return rest as unknown as Partial<T>;
}

Deno.test("a stored model is taken as it is, also where its files tell nothing", () => {
  for (const model of [STORED, { ...STORED, ...NOT_TOLD, files: [], state: "partial" }]) {
    assert.deepEqual(storedModelSchema.parse(model), model);
  }
});

Deno.test("the details of a model hold what its header says, and sums where they were asked for", () => {
  const facts = { "general.name": "Big", "llama.block_count": 32, "llama.rope": true };
  assert.deepEqual(modelDetailsSchema.parse({ ...STORED, facts }), { ...STORED, facts });
  assert.deepEqual(modelDetailsSchema.parse({ ...STORED, facts: {}, sha256: [SUM] }).sha256, [SUM]);
});

Deno.test("who shows or removes a model need not say whether it is to be read, or by force", () => {
  assert.deepEqual(modelGetSchema.parse(GET), { ...GET, checksum: false });
  assert.deepEqual(modelDeleteSchema.parse(DELETE), { ...DELETE, force: false });
});

Deno.test("a model that is received may have a thousand files, and what is missing of each is in pairs", () => {
  const files = Array.from({ length: 1000 }, () => FILE);
  assert.deepEqual(modelReceiveSchema.parse({ ...RECEIVE, files }).files.length, 1000);
  const receipt = { missing: [[[0, 5], [8, 10]], []] };
  assert.deepEqual(modelReceiptSchema.parse(receipt), receipt);
});

for (
  const [what, schema, value, at] of [
    ["a model without a name", storedModelSchema, without(STORED, "name"), "name"],
    ["a state that is none", storedModelSchema, { ...STORED, state: "gone" }, "state"],
    ["a size below nothing", storedModelSchema, { ...STORED, bytes: -1 }, "bytes"],
    ["a size in parts of bytes", storedModelSchema, { ...STORED, bytes: 0.5 }, "bytes"],
    ["a size in words", modelSizeSchema, { name: "x", bytes: "10" }, "bytes"],
    [
      "a file without a size",
      storedModelSchema,
      { ...STORED, files: [{ path: "x.gguf" }] },
      "files.0.bytes",
    ],
    [
      "a model of which something is left out instead of null",
      storedModelSchema,
      without(STORED, "quantisation"),
      "quantisation",
    ],
    ["users that are no ids", storedModelSchema, { ...STORED, used_by: [1] }, "used_by.0"],
    ["details without facts", modelDetailsSchema, STORED, "facts"],
    [
      "a fact that is a list",
      modelDetailsSchema,
      { ...STORED, facts: { "tokenizer.ggml.tokens": ["a"] } },
      "facts.tokenizer.ggml.tokens",
    ],
    ["another operation", modelListOperationSchema, { operation: "model_get" }, "operation"],
    ["a hive of no name", modelListOperationSchema, { operation: "model_list", hive: "" }, "hive"],
    [
      "a hive whose name is a path",
      modelDownloadSchema,
      { operation: "model_download", model: "bee-tiny", hive: "../attic" },
      "hive",
    ],
    ["no model", modelDownloadSchema, { operation: "model_download" }, "model"],
    ["a model of no name", modelGetSchema, { ...GET, model: "" }, "model"],
    ["a name with a line end", modelGetSchema, { ...GET, model: "bee\ntiny" }, "model"],
    ["a name without an end", modelGetSchema, { ...GET, model: "b".repeat(4097) }, "model"],
    ["a checksum in words", modelGetSchema, { ...GET, checksum: "yes" }, "checksum"],
    ["a field that it does not know", modelGetSchema, { ...GET, force: true }, ""],
    ["a force in words", modelDeleteSchema, { ...DELETE, force: 1 }, "force"],
    ["a copy from nowhere", modelCopySchema, without(COPY, "from"), "from"],
    ["a copy to nowhere", modelCopySchema, without(COPY, "to"), "to"],
    ["a copy to a name with a space", modelCopySchema, { ...COPY, to: "the attic" }, "to"],
    ["no files to receive", modelReceiveSchema, { ...RECEIVE, files: [] }, "files"],
    [
      "more files than a model has",
      modelReceiveSchema,
      { ...RECEIVE, files: Array.from({ length: 1001 }, () => FILE) },
      "files",
    ],
    [
      "a file without a sum",
      modelReceiveSchema,
      { ...RECEIVE, files: [without(FILE, "sha256")] },
      "files.0.sha256",
    ],
    [
      "a sum in capitals",
      modelReceiveSchema,
      { ...RECEIVE, files: [{ ...FILE, sha256: SUM.toUpperCase() }] },
      "files.0.sha256",
    ],
    [
      "a sum that is too short",
      modelReceiveSchema,
      { ...RECEIVE, files: [{ ...FILE, sha256: "ab" }] },
      "files.0.sha256",
    ],
    ["a missing part without an end", modelReceiptSchema, { missing: [[[5]]] }, "missing.0.0"],
    [
      "a missing part from before the begin",
      modelReceiptSchema,
      { missing: [[[-1, 5]]] },
      "missing.0.0.0",
    ],
  ] as const
) {
  Deno.test(`the schemas of models refuse ${what}`, () => {
    assert.deepEqual(complaints(schema, value), [at]);
  });
}

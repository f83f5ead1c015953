import assert from "node:assert/strict";
import { chooseThreads } from "../../src/worker/threads.ts";

const MEBIBYTE = 1024 * 1024;
const LARGE = 4096 * MEBIBYTE;

const CASES = [
  { name: "what was asked for", modelBytes: LARGE, cores: 8, load: 0, override: 3, threads: 3 },
  {
    name: "what was asked for, however small the model",
    modelBytes: 1,
    cores: 8,
    load: 7,
    override: 5,
    threads: 5,
  },
  { name: "one for a small model", modelBytes: 2 * MEBIBYTE, cores: 64, load: 0, threads: 1 },
  { name: "one just below 64 MiB", modelBytes: 64 * MEBIBYTE - 1, cores: 8, load: 0, threads: 1 },
  { name: "every core from 64 MiB on", modelBytes: 64 * MEBIBYTE, cores: 8, load: 0, threads: 8 },
  { name: "the cores that are idle", modelBytes: LARGE, cores: 8, load: 2.6, threads: 5 },
  { name: "one on a machine that is busy", modelBytes: LARGE, cores: 8, load: 30, threads: 1 },
  { name: "one on a machine of one core", modelBytes: LARGE, cores: 1, load: 0, threads: 1 },
];

for (const { name, threads, ...facts } of CASES) {
  Deno.test(`chooseThreads() takes ${name}`, () => {
    assert.equal(chooseThreads(facts).threads, threads);
  });
}

Deno.test("chooseThreads() tells its reason", () => {
  const facts = { modelBytes: LARGE, cores: 8, load: 2 };
  assert.equal(chooseThreads({ ...facts, override: 3 }).why, "as asked for");
  assert.equal(chooseThreads({ ...facts, modelBytes: 1 }).why, "the model is small");
  assert.equal(chooseThreads(facts).why, "6 of 8 cores are idle");
});

import assert from "node:assert/strict";
import { chooseFiles, firstPartOf, quantisationOf } from "../../src/models/choose_files.ts";

const split = (stem: string) => [1, 2, 3].map((n) => `${stem}-0000${n}-of-00003.gguf`);
const FILES = [
  "README.md",
  "m-F16.gguf",
  "m-IQ4_XS.gguf",
  "m-Q4_0.gguf",
  "m-Q4_K_M.gguf",
  "m-Q4_K_S.gguf",
  "mmproj-F16.gguf",
  "m.imatrix.gguf",
  ...split("big/m-Q8_0"),
];
const chosen = (pick: Parameters<typeof chooseFiles>[2], files = FILES) =>
  chooseFiles("hf:o/r", files, pick);

Deno.test("chooseFiles() takes Q4_K_M where nothing is asked for, else what is nearest", () => {
  assert.deepEqual(chosen(undefined), ["m-Q4_K_M.gguf"]);
  const rest = FILES.filter((name) => !/Q4_K/.test(name));
  assert.deepEqual(chosen(undefined, rest), ["m-Q4_0.gguf"]);
  assert.deepEqual(chosen(undefined, split("big/m-Q8_0")), split("big/m-Q8_0"));
  assert.deepEqual(chosen(undefined, ["zz.gguf", "b.gguf", "a.gguf"]), ["a.gguf"]);
});

Deno.test("chooseFiles() takes a quantisation in any case, as a whole word", () => {
  assert.deepEqual(chosen({ quantisation: "q4_k_s" }), ["m-Q4_K_S.gguf"]);
  assert.deepEqual(chosen({ quantisation: "Q8_0" }), split("big/m-Q8_0"));
  assert.throws(() => chosen({ quantisation: "Q4_K" }), {
    code: "model_not_found",
    message: "hf:o/r has no Q4_K; it has F16, Q4_0, IQ4_XS, Q4_K_M, Q4_K_S, Q8_0",
  });
  assert.throws(() => chosen({ quantisation: "4_XS" }), { code: "model_not_found" });
});

Deno.test("chooseFiles() takes a file by its name, and by any of its parts", () => {
  assert.deepEqual(chosen({ file: "m-q4_0.GGUF" }), ["m-Q4_0.gguf"]);
  assert.deepEqual(chosen({ file: split("big/m-Q8_0")[1]! }), split("big/m-Q8_0"));
});

Deno.test("chooseFiles() never takes what only goes with a model", () => {
  assert.throws(() => chosen(undefined, ["mmproj-F16.gguf", "m.imatrix.gguf", "x.txt"]), {
    code: "model_not_found",
    message: /has no GGUF files/,
  });
});

Deno.test("chooseFiles() names the part that is missing", () => {
  assert.throws(() => chosen({ quantisation: "Q8_0" }, split("m-Q8_0").slice(0, 2)), {
    message: "hf:o/r lacks m-Q8_0-00003-of-00003.gguf, a part of m-Q8_0-00001-of-00003.gguf",
  });
});

for (const odd of ["m-00001-of-00000.gguf", "m-00003-of-00002.gguf", "m-00000-of-00002.gguf"]) {
  Deno.test(`chooseFiles() takes ${odd} as a file of its own, since it counts nothing`, () => {
    assert.deepEqual(chosen(undefined, [odd]), [odd]);
    assert.equal(firstPartOf(odd), odd);
  });
}

Deno.test("chooseFiles() names files in one line, whatever they are called", () => {
  assert.throws(() => chosen({ quantisation: "Q2_K" }, ["a\nb\x1b[2J.gguf"]), {
    message: "hf:o/r has no Q2_K; it has a b [2J.gguf",
  });
});

Deno.test("quantisationOf() and firstPartOf() read names", () => {
  const names = ["a-Q4_K_M.gguf", "x/b.IQ2_XXS.gguf", "c-f16-00001-of-00002.gguf", "Q8_0/d.gguf"];
  assert.deepEqual(names.map(quantisationOf), ["Q4_K_M", "IQ2_XXS", "F16", undefined]);
  assert.equal(firstPartOf("c-00002-of-00002.gguf"), "c-00001-of-00002.gguf");
  assert.equal(firstPartOf("c.gguf"), "c.gguf");
});

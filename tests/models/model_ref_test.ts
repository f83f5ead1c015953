import assert from "node:assert/strict";
import { type ModelRefOptions, parseModelRef } from "../../src/models/model_ref.ts";

Deno.test("parseModelRef() reads each form of a name", () => {
  assert.deepEqual(parseModelRef("bee-tiny"), { kind: "demo" });
  assert.deepEqual(parseModelRef("hf:org/repo.v1"), { kind: "hub", repo: "org/repo.v1" });
  assert.deepEqual(parseModelRef("hf:org/repo:Q4_K_M"), {
    kind: "hub",
    repo: "org/repo",
    pick: { quantisation: "Q4_K_M" },
  });
  assert.deepEqual(parseModelRef("hf:org/repo:a/b c.GGUF"), {
    kind: "hub",
    repo: "org/repo",
    pick: { file: "a/b c.GGUF" },
  });
  const url = parseModelRef("https://host/a/x.gguf?download=true#top");
  assert.ok(url.kind === "url");
  assert.equal(url.url.href, "https://host/a/x.gguf?download=true");
  assert.deepEqual(parseModelRef("/a/x.gguf"), { kind: "path", path: "/a/x.gguf" });
});

for (
  const [name, sentence] of [
    ["hf:", /write hf:org\/repo/],
    ["hf:repo", /write hf:org\/repo/],
    ["hf:../repo", /write hf:org\/repo/],
    ["hf:org/repo/x.gguf", /write the file after a colon, hf:org\/repo:x\.gguf$/],
    ["hf:org/\nrepo/x\ny.gguf", /write the file after a colon, hf:org\/ repo:x y\.gguf$/],
    ["hf:org/repo:", /a quantisation as Q4_K_M, or a \.gguf file$/],
    ["hf:org/repo:../../x.gguf", /must be a path inside the repository$/],
    ["hf:org/repo:/x.gguf", /must be a path inside the repository$/],
    ["https://host/x.bin", /must lead to a \.gguf file/],
    ["https://", /not a complete address/],
    ["https://me:secret@host/x.gguf", /leave user and password out/],
    ["http://host/x.gguf", /without encryption; use https, or set hive\.allow_http: true/],
  ] as const
) {
  Deno.test(`parseModelRef() refuses ${name} in a sentence`, () => {
    assert.throws(() => parseModelRef(name), (error: Error & { code?: string }) => {
      assert.equal(error.code, "bad_model_name");
      assert.match(error.message, sentence);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  });
}

for (
  const query of [
    "token=s3cret",
    "download=true&access_token=s3cret",
    "X-Amz-Algorithm=AWS4&X-Amz-Signature=s3cret",
    "sig=s3cret",
    "api%5Fkey=s3cret",
    "u=hf_s3cretaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
  ]
) {
  Deno.test(`parseModelRef() refuses an address with a secret in ?${query.split("=")[0]}=, and repeats none`, () => {
    assert.throws(() => parseModelRef(`https://host/x.gguf?${query}`), (error: Error) => {
      assert.match(error.message, /"https:\/\/host\/x\.gguf\?…".*looks like a secret/);
      assert.doesNotMatch(error.message, /s3cret/);
      return true;
    });
  });
}

for (
  const [name, options] of [
    ["https://host/x.gguf?download=true&token=", {}],
    ["https://host/x.gguf?revision=main", {}],
    ["http://127.0.0.1:8080/x.gguf", {}],
    ["http://localhost/x.gguf", {}],
    ["http://[::1]/x.gguf", {}],
    ["http://host/x.gguf", { allowHttp: true }],
  ] as [string, ModelRefOptions][]
) {
  Deno.test(`parseModelRef() takes ${name} with ${JSON.stringify(options)}`, () => {
    assert.equal(parseModelRef(name, options).kind, "url");
  });
}

Deno.test("parseModelRef() says what names there are for one that is none", () => {
  assert.throws(() => parseModelRef("llama"), {
    code: "model_not_found",
    message: /^Cannot find the model "llama"; name bee-tiny, hf:org\/repo, /,
  });
});

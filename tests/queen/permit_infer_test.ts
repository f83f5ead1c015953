import assert from "node:assert/strict";
import { isLocalName, permitInfer } from "../../src/queen/permit_infer.ts";

const LOCAL = [
  "/models/honey.gguf",
  "./honey.gguf",
  "../honey.gguf",
  "folder/honey.gguf",
  "~/honey.gguf",
  "file:///models/honey.gguf",
  "HF:/../models/honey.gguf",
  "http://127.0.0.1:9/honey.gguf",
  "HTTP://10.0.0.5/honey.gguf",
];

for (const model of LOCAL) {
  Deno.test(`a token of the role infer may not name ${model}`, () => {
    assert.throws(() => permitInfer({ model }), (error: Error & { code?: string }) => {
      assert.equal(error.code, "forbidden");
      assert.doesNotMatch(error.message, /honey/);
      return true;
    });
  });
}

Deno.test("a token of the role infer may name models of the hub, of https, and what is no name at all", () => {
  const names = [
    "bee-tiny",
    "hf:bees/honey",
    "hf:bees/honey:Q4_K_M",
    "hf:bees/honey:folder/honey.gguf",
    "https://bees.example/honey.gguf",
    "no-such-model",
    "hf:",
    "https://",
  ];
  for (const model of names) {
    assert.equal(isLocalName(model), false, model);
    permitInfer({ model });
  }
});

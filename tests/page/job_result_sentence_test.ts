import assert from "node:assert/strict";
import { resultSentence } from "../../src/page/job/result_sentence.ts";

Deno.test("resultSentence() says known results, and nothing of what it does not know", () => {
  const worker = { worker_id: "worker-1", model: "bee-tiny", hive: "local", state: "ready" };
  assert.equal(
    resultSentence("worker_spawn", worker),
    "worker-1 of bee-tiny on hive local is ready.",
  );
  assert.equal(
    resultSentence("infer", worker),
    "bee-tiny answered on hive local, by worker-1.",
  );
  assert.equal(
    resultSentence("model_download", { name: "bee-tiny", hive: "local", bytes: 1_695_616 }),
    "bee-tiny is stored on hive local: 1.7 MB.",
  );
  assert.equal(resultSentence("model_list", { models: [{}] }), "1 model.");
  assert.equal(
    resultSentence("embed", { embeddings: [[1, 2], [3, 4]] }),
    "2 vectors of 2 numbers.",
  );
  for (const result of [undefined, null, "text", [], {}, { models: 7 }]) {
    for (const operation of ["infer", "embed", "worker_spawn", "model_get", "model_list", "x"]) {
      assert.equal(resultSentence(operation, result), undefined);
    }
  }
});

import assert from "node:assert/strict";
import { openAiModelListSchema } from "../../../src/contracts/openai_models.ts";
import { listModels } from "../../../src/queen/openai/list_models.ts";
import { FakeHive } from "../../helpers/fake_hive.ts";
import { TestQueen } from "../../helpers/test_queen.ts";

Deno.test("listModels() names what workers have or load, then what hives have stored, then rbee.yaml's, then the demo model, each once", async () => {
  await using hive = new FakeHive();
  hive.models = [{ name: "hf:bees/b:b.gguf", bytes: 3 }, { name: "hf:bees/wax", bytes: 4 }];
  hive.addWorker({ model: "/models/a.gguf" });
  hive.addWorker({ model: "/models/a.gguf" });
  hive.addWorker({ model: "hf:bees/wax", state: "loading" });
  hive.addWorker({ model: "/models/failed.gguf", state: "failed" });
  hive.addWorker({ model: "/models/stopped.gguf", state: "stopped" });
  await using queen = await TestQueen.start(hive.url);
  const models = await listModels({
    hives: queen.hives,
    configured: () => ["hf:bees/wax", "hf:bees/b"],
  });
  assert.deepEqual(models.map(({ id }) => id), [
    "/models/a.gguf",
    "hf:bees/wax",
    "hf:bees/b:b.gguf",
    "hf:bees/b",
    "bee-tiny",
  ]);
  openAiModelListSchema.parse({ object: "list", data: models });
});

Deno.test("a queen without a hive lists the demo model", async () => {
  await using queen = await TestQueen.start();
  const answer = await fetch(`${queen.url}/v1/models`);
  const { data } = openAiModelListSchema.parse(await answer.json());
  assert.deepEqual(data.map(({ id }) => id), ["bee-tiny"]);
});

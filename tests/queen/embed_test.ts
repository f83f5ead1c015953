import assert from "node:assert/strict";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import { FakeHive } from "../helpers/fake_hive.ts";
import { TestHive } from "../helpers/test_hive.ts";
import { TestQueen } from "../helpers/test_queen.ts";

const EMBED = { operation: "embed", model: "bee-tiny", input: ["Luna", "Otto"] };

function outline(events: readonly JobEvent[]): string[] {
  return events.map((event) => event.type === "narration" ? event.action : event.type);
}

Deno.test("embed() has the model loaded and gives the vectors, then from the same worker", async () => {
  await using hive = new TestHive();
  await using queen = await TestQueen.start(hive.url);
  const first = (await queen.run(EMBED)).at(-1);
  assert.ok(first?.type === "done", JSON.stringify(first));
  const { embeddings, ...rest } = first.result as { embeddings: number[][] };
  assert.deepEqual(embeddings.map(({ length }) => length), [128, 128]);
  const [worker] = await hive.list();
  assert.deepEqual(rest, { model: "bee-tiny", hive: "local", worker_id: worker!.worker_id });
  assert.equal(first.usage?.completion_tokens, 0);
  assert.ok(first.usage.prompt_tokens > 2);
  const events = await queen.run({ ...EMBED, input: "Luna" });
  const second = events.at(-1);
  assert.ok(second?.type === "done" && !outline(events).includes("model_load"));
  assert.deepEqual((second.result as { embeddings: number[][] }).embeddings, [embeddings[0]]);
});

Deno.test("embed() has a worker in the place of one that is lost", async () => {
  await using hive = new FakeHive();
  hive.addWorker();
  hive.answers.push("gone");
  await using queen = await TestQueen.start(hive.url);
  const events = await queen.run(EMBED);
  assert.deepEqual(outline(events), ["placement", "retry", "placement", "worker_spawn", "done"]);
  const end = events.at(-1);
  assert.ok(end?.type === "done");
  assert.deepEqual((end.result as { embeddings: number[][] }).embeddings, [[4], [4]]);
  assert.deepEqual(hive.asked.at(-1), EMBED);
});

Deno.test("embed() refuses an answer that is no vectors", async () => {
  await using hive = new FakeHive();
  hive.addWorker();
  hive.embedded = { model: "bee-tiny", embeddings: [[1]] };
  await using queen = await TestQueen.start(hive.url);
  const end = (await queen.run(EMBED)).at(-1);
  assert.ok(end?.type === "error", JSON.stringify(end));
  assert.equal(end.code, "bad_answer");
  assert.match(end.message, /did not answer with 2 vectors; see rbee worker logs worker-/);
});

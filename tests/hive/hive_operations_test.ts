import assert from "node:assert/strict";
import { VERSION } from "../../src/version.ts";
import { BEE_TINY, TestHive } from "../helpers/test_hive.ts";

const WORKER = "worker-019c1234-5678-7abc-8def-0123456789ab";

async function refusal(hive: TestHive, body: Record<string, unknown>): Promise<string> {
  const response = await fetch(`${hive.url}/v1/jobs`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const { error } = await response.json();
  assert.equal(response.status, 400, JSON.stringify(error));
  return error.details.field;
}

Deno.test("hiveOperations() has status and the list of workers", async () => {
  await using hive = new TestHive();
  const [status] = await hive.run({ operation: "status" });
  assert.ok(status?.type === "done");
  assert.deepEqual(status.result, { role: "hive", name: "local", version: VERSION, workers: 0 });
  const worker = await hive.spawn();
  const [list] = await hive.run({ operation: "worker_list" });
  assert.ok(list?.type === "done");
  assert.deepEqual(list.result, { workers: [worker] });
});

for (
  const [field, body] of Object.entries({
    model: { operation: "worker_spawn" },
    device: { ...BEE_TINY, device: "tpu" },
    context: { ...BEE_TINY, context: 7 },
    parallel: { ...BEE_TINY, parallel: 0 },
    threads: { ...BEE_TINY, threads: 1.5 },
    gpu_layers: { ...BEE_TINY, gpu_layers: -1 },
    kv_type: { ...BEE_TINY, kv_type: "f64" },
    worker_id: { operation: "worker_stop", worker_id: "4711" },
    force: { operation: "worker_stop", worker_id: WORKER, force: true },
    operation: { operation: "infer", model: "bee-tiny", prompt: "x" },
  })
) {
  Deno.test(`hiveOperations() refuses a request with a wrong ${field} and names it`, async () => {
    await using hive = new TestHive();
    assert.equal(await refusal(hive, body), field);
    assert.deepEqual(await hive.list(), []);
  });
}

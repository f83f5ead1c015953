import assert from "node:assert/strict";
import { narrated, SupervisedHome } from "../helpers/supervised_home.ts";

/** An answer that goes on for longer than a worker's grace period. */
const ENDLESS = {
  operation: "infer",
  model: "bee-tiny",
  prompt: "the ".repeat(800),
  max_tokens: 100_000,
  temperature: 0,
};
const SHORT = { operation: "infer", model: "bee-tiny", prompt: "Hello", max_tokens: 4 };
const ONE_SLOT = { models: { "bee-tiny": { context: 32_768, parallel: 1 } } };

/** A worker that answers one request while another waits for its slot. */
async function busy(home: SupervisedHome) {
  const worker = await home.spawn("bee-tiny");
  const answering = await home.watch(ENDLESS);
  await answering.token();
  const waiting = await home.watch(SHORT);
  await waiting.said("infer_wait");
  return { worker, answering, waiting };
}

Deno.test("what waits at our own worker that is told to end by SIGTERM is asked once more", async () => {
  await using home = await SupervisedHome.up(ONE_SLOT);
  const { worker, answering, waiting } = await busy(home);
  Deno.kill(worker.pid!, "SIGTERM");
  const end = await waiting.end;
  assert.equal(end.type, "done", JSON.stringify(end));
  assert.equal(narrated(waiting.events, "queen", "retry").length, 1);
  const cut = await answering.end;
  assert.ok(cut.type === "error", JSON.stringify(cut));
  assert.equal(cut.code, "cancelled_elsewhere");
  await home.end();
});

Deno.test("what waits at a worker that is stopped on request does not have it started again", async () => {
  await using home = await SupervisedHome.up(ONE_SLOT);
  const { worker, waiting } = await busy(home);
  const stopped = await home.run({ operation: "worker_stop", worker_id: worker.worker_id });
  assert.equal(stopped.type, "done", JSON.stringify(stopped));
  const end = await waiting.end;
  assert.ok(end.type === "error", JSON.stringify(end));
  assert.match(end.message, /the worker is stopping/);
  assert.equal((await home.workers()).length, 1);
  await home.end();
});

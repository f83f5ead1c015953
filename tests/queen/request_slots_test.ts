import assert from "node:assert/strict";
import { RequestSlots } from "../../src/queen/request_slots.ts";
import { nextNarration } from "../helpers/next_narration.ts";

const { signal } = new AbortController();

Deno.test("RequestSlots.reconfigure() lets more requests run and more wait from then on", async () => {
  const slots = new RequestSlots({ max_requests: 1, max_queue: 0 });
  const gate = Promise.withResolvers<void>();
  const first = slots.inTurn(signal, () => gate.promise);
  assert.throws(() => slots.requireRoom(), { code: "queue_full" });
  slots.reconfigure({ max_requests: 1, max_queue: 1 });
  slots.requireRoom();
  const said = nextNarration("infer_wait");
  const second = slots.inTurn(signal, () => Promise.resolve("second"));
  assert.match((await said).human, /place 1 in the queue/);
  slots.reconfigure({ max_requests: 2, max_queue: 1 });
  assert.equal(await second, "second");
  gate.resolve();
  await first;
});

Deno.test("RequestSlots.inTurn() gives the slot back when the work fails", async () => {
  const slots = new RequestSlots({ max_requests: 1, max_queue: 0 });
  await assert.rejects(slots.inTurn(signal, () => Promise.reject(new Error("no"))), /no/);
  slots.requireRoom();
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { SlotQueue } from "../../src/base/slot_queue.ts";

const NEVER = new AbortController().signal;

/** Someone who asks for a slot and writes down what happens to them. */
class Asker {
  readonly places: number[] = [];
  readonly #abort = new AbortController();
  readonly slot: Promise<string>;
  /** The slot it has now. */
  held: string | undefined;
  failure: unknown;

  constructor(queue: SlotQueue<string>) {
    this.slot = queue.acquire({
      signal: this.#abort.signal,
      onPlace: (place) => this.places.push(place),
    });
    this.slot.then((slot) => this.held = slot, (error: unknown) => this.failure = error);
  }

  leave(reason: unknown = new Error("left")): void {
    this.#abort.abort(reason);
  }
}

Deno.test("SlotQueue.acquire() gives the free slots at once and tells nobody a place", async () => {
  const queue = new SlotQueue(["a", "b"]);
  const askers = [new Asker(queue), new Asker(queue)];
  assert.deepEqual(await Promise.all(askers.map(({ slot }) => slot)), ["a", "b"]);
  assert.deepEqual(askers.map(({ places }) => places), [[], []]);
  assert.equal(queue.waiting, 0);
});

Deno.test("SlotQueue serves who waits in the order of asking", async () => {
  const queue = new SlotQueue(["a"]);
  const served: number[] = [];
  const first = new Asker(queue);
  const waiting = [1, 2, 3].map((n) => {
    const asker = new Asker(queue);
    asker.slot.then(() => served.push(n));
    return asker;
  });
  queue.release(await first.slot);
  for (const asker of waiting) queue.release(await asker.slot);
  assert.deepEqual(served, [1, 2, 3]);
});

Deno.test("SlotQueue tells each who waits its place, again whenever it changes", async () => {
  const queue = new SlotQueue(["a"]);
  const [first, second, third, fourth] = [1, 2, 3, 4].map(() => new Asker(queue));
  assert.deepEqual([second!.places, third!.places, fourth!.places], [[1], [2], [3]]);
  queue.release(await first!.slot);
  assert.deepEqual([second!.places, third!.places, fourth!.places], [[1], [2, 1], [3, 2]]);
});

Deno.test("SlotQueue lets who waits leave: its place is given up, the others move", async () => {
  const queue = new SlotQueue(["a"]);
  const [first, second, third, fourth] = [1, 2, 3, 4].map(() => new Asker(queue));
  const reason = new Error("cancelled");
  third!.leave(reason);
  await assert.rejects(third!.slot, reason);
  assert.equal(queue.waiting, 2);
  assert.deepEqual([second!.places, fourth!.places], [[1], [3, 2]]);
  queue.release(await first!.slot);
  queue.release(await second!.slot);
  assert.equal(await fourth!.slot, "a");
});

Deno.test("SlotQueue lets the last who waits leave", async () => {
  const queue = new SlotQueue(["a"]);
  const first = new Asker(queue);
  const second = new Asker(queue);
  second.leave();
  await assert.rejects(second.slot, { message: "left" });
  queue.release(await first.slot);
  assert.equal(await new Asker(queue).slot, "a");
});

Deno.test("SlotQueue ignores an abort of who already has a slot", async () => {
  const queue = new SlotQueue(["a"]);
  const first = new Asker(queue);
  const second = new Asker(queue);
  const third = new Asker(queue);
  queue.release(await first.slot);
  assert.equal(await second.slot, "a");
  second.leave();
  assert.equal(queue.waiting, 1);
  queue.release("a");
  assert.equal(await third.slot, "a");
});

Deno.test("SlotQueue.acquire() refuses who has aborted before asking", () => {
  const queue = new SlotQueue(["a"]);
  const reason = new Error("too late");
  assert.throws(
    () => queue.acquire({ signal: AbortSignal.abort(reason), onPlace: () => {} }),
    reason,
  );
  assert.equal(queue.waiting, 0);
});

Deno.test("SlotQueue keeps a slot that nobody waits for", async () => {
  const queue = new SlotQueue(["a", "b"]);
  const [one, two] = [await new Asker(queue).slot, await new Asker(queue).slot];
  queue.release(two);
  queue.release(one);
  const options = { signal: NEVER, onPlace: () => assert.fail("there is nothing to wait for") };
  assert.equal(await queue.acquire(options), "b");
  assert.equal(await queue.acquire(options), "a");
});

Deno.test("SlotQueue gives each slot to one at a time, in order, whatever is asked, left and given back", async () => {
  const step = fc.constantFrom("ask", "leave", "release");
  await fc.assert(fc.asyncProperty(
    fc.integer({ min: 1, max: 3 }),
    fc.array(fc.tuple(step, fc.nat()), { maxLength: 40 }),
    async (count, steps) => {
      const queue = new SlotQueue(["a", "b", "c"].slice(0, count));
      const waiting: Asker[] = [];
      const holding: Asker[] = [];
      for (const [what, chance] of steps) {
        if (what === "ask") {
          const asker = new Asker(queue);
          if (holding.length < count) holding.push(asker);
          else waiting.push(asker);
        } else if (what === "leave" && waiting.length > 0) {
          waiting.splice(chance % waiting.length, 1)[0]!.leave();
        } else if (what === "release" && holding.length > 0) {
          const [asker] = holding.splice(chance % holding.length, 1);
          queue.release(await asker!.slot);
          const next = waiting.shift();
          if (next !== undefined) holding.push(next);
        }
        const slots = await Promise.all(holding.map(({ slot }) => slot));
        assert.equal(new Set(slots).size, slots.length, "one slot has two holders");
        assert.equal(queue.waiting, waiting.length);
        assert.ok(waiting.every(({ held }) => held === undefined), "somebody was not in turn");
        assert.deepEqual(waiting.map(({ places }) => places.at(-1)), waiting.map((_, i) => i + 1));
      }
    },
  ));
});

Deno.test("SlotQueue.acquire() gives the free slot of the greatest worth, and of equals the longest free", async () => {
  const queue = new SlotQueue(["a", "bb", "cc", "d"]);
  const take = (worth?: (slot: string) => number) =>
    queue.acquire({ signal: NEVER, onPlace: () => {}, ...(worth && { worth }) });
  const length = (slot: string) => slot.length;
  assert.equal(await take(length), "bb");
  assert.equal(await take(length), "cc");
  assert.equal(await take(length), "a");
  queue.release("cc");
  queue.release("a");
  assert.deepEqual([await take(() => 0), await take(), await take()], ["d", "cc", "a"]);
});

Deno.test("SlotQueue.withdraw() takes a free slot away, and none that is used", async () => {
  const queue = new SlotQueue(["a", "b"]);
  const used = await queue.acquire({ signal: NEVER, onPlace: () => {} });
  assert.deepEqual([queue.withdraw(), queue.withdraw(), queue.free], [true, false, 0]);
  queue.release(used);
  assert.equal(queue.free, 1);
});

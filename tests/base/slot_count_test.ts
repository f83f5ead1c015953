import assert from "node:assert/strict";
import fc from "fast-check";
import { SlotCount } from "../../src/base/slot_count.ts";

const { signal } = new AbortController();
const acquire = (slots: SlotCount) => slots.acquire({ signal, onPlace() {} });

Deno.test("SlotCount.resize() gives new slots to those who wait, in their order", async () => {
  const slots = new SlotCount(1);
  const [first] = [await acquire(slots)];
  const entered: string[] = [];
  const second = acquire(slots).then(() => void entered.push("second"));
  const third = acquire(slots).then((giveBack) => (entered.push("third"), giveBack));
  slots.resize(2);
  await second;
  assert.deepEqual([entered, slots.waiting, slots.count], [["second"], 1, 2]);
  first();
  await third;
  assert.deepEqual([entered, slots.free], [["second", "third"], 0]);
});

Deno.test("SlotCount.resize() takes no slot from who has it, and those that come back are nobody's", async () => {
  const slots = new SlotCount(3);
  const [first, second] = [await acquire(slots), await acquire(slots)];
  slots.resize(1);
  assert.equal(slots.free, 0);
  let entered = false;
  const third = acquire(slots).then((giveBack) => {
    entered = true;
    return giveBack;
  });
  first();
  await Promise.resolve();
  assert.deepEqual([entered, slots.waiting], [false, 1]);
  second();
  (await third)();
  assert.equal(slots.free, 1);
});

Deno.test("SlotCount never has more in use than its number, once the surplus is given back", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.oneof(fc.constantFrom("take", "give"), fc.integer({ min: 1, max: 6 }))),
      async (count, steps) => {
        const slots = new SlotCount(count);
        const held: (() => void)[] = [];
        let asked = 0;
        for (const step of steps) {
          if (step === "take") {
            asked++;
            acquire(slots).then((giveBack) => void held.push(giveBack));
          } else if (step === "give") {
            held.shift()?.();
          } else {
            slots.resize(step);
          }
          await new Promise((resolve) => setTimeout(resolve, 0));
          assert.ok(slots.free <= slots.count);
          assert.ok(slots.free === 0 || slots.waiting === 0);
        }
        while (held.length > 0) {
          held.shift()!();
          await new Promise((resolve) => setTimeout(resolve, 0));
        }
        assert.deepEqual([slots.free, slots.waiting], [slots.count, 0], `${asked} asked`);
      },
    ),
    { numRuns: 50 },
  );
});

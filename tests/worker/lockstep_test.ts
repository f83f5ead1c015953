import assert from "node:assert/strict";
import { Lockstep, type LockstepMember } from "../../src/worker/lockstep.ts";

function generating(lockstep: Lockstep): LockstepMember {
  const member = lockstep.join();
  member.generates();
  return member;
}

/** Notes by name when a member may go on. */
function goOn(order: string[], name: string, member: LockstepMember): Promise<void> {
  return (member.next() ?? Promise.resolve()).then(() => void order.push(name));
}

Deno.test("Lockstep lets one that is alone go on at once", () => {
  const member = generating(new Lockstep());
  assert.equal(member.next(), undefined);
});

Deno.test("Lockstep lets those that generate go on when the last of them has come", async () => {
  const lockstep = new Lockstep();
  const [a, b, c] = [generating(lockstep), generating(lockstep), generating(lockstep)];
  for (let round = 0; round < 3; round++) {
    const order: string[] = [];
    const early = [goOn(order, "A", a), goOn(order, "B", b)];
    await new Promise((resolve) => queueMicrotask(() => resolve(undefined)));
    assert.deepEqual(order, []);
    await Promise.all([...early, goOn(order, "C", c)]);
    assert.deepEqual(order, ["A", "B", "C"]);
  }
});

Deno.test("Lockstep waits for nobody who has left", async () => {
  const lockstep = new Lockstep();
  const [a, b, c] = [generating(lockstep), generating(lockstep), generating(lockstep)];
  const order: string[] = [];
  const waiting = [goOn(order, "A", a), goOn(order, "B", b)];
  c.leave();
  await Promise.all(waiting);
  assert.deepEqual(order, ["A", "B"]);
  b.leave();
  assert.equal(a.next(), undefined);
});

Deno.test("Lockstep waits for nobody who reads a prompt, and leaves it a turn of the event loop", async () => {
  const lockstep = new Lockstep();
  const [a, b] = [generating(lockstep), generating(lockstep)];
  const reader = lockstep.join();
  const order: string[] = [];
  const waiting = [goOn(order, "A", a), goOn(order, "B", b), goOn(order, "reader", reader)];
  await new Promise((resolve) => queueMicrotask(() => resolve(undefined)));
  assert.deepEqual(order, []);
  await Promise.all(waiting);
  assert.deepEqual(order, ["A", "B", "reader"]);
  await goOn(order, "alone", a);
  assert.equal(order.at(-1), "alone");
});

Deno.test("Lockstep takes up one that begins to generate while others wait", async () => {
  const lockstep = new Lockstep();
  const [a, b] = [generating(lockstep), generating(lockstep)];
  const order: string[] = [];
  const first = goOn(order, "A", a);
  const late = generating(lockstep);
  const second = goOn(order, "B", b);
  await new Promise((resolve) => queueMicrotask(() => resolve(undefined)));
  assert.deepEqual(order, []);
  await Promise.all([first, second, goOn(order, "late", late)]);
  assert.deepEqual(order, ["A", "B", "late"]);
});

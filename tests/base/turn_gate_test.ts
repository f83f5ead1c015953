import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import { TurnGate } from "../../src/base/turn_gate.ts";

Deno.test("TurnGate.enter() lets so many through at once and the others in later turns, in order", async () => {
  const gate = new TurnGate({ perTurn: 2 });
  const order: number[] = [];
  const entered = Array.from({ length: 7 }, (_, i) => {
    const waiting = gate.enter();
    if (waiting === undefined) order.push(i);
    return waiting?.then(() => void order.push(i));
  });
  assert.deepEqual(order, [0, 1], "two go on without waiting");
  await Promise.all(entered);
  assert.deepEqual(order, [0, 1, 2, 3, 4, 5, 6]);
});

Deno.test("TurnGate.enter() leaves turns between for other work", async () => {
  const gate = new TurnGate({ perTurn: 1 });
  let turns = 0;
  let counting = true;
  const count = () => {
    turns++;
    if (counting) setImmediate(count);
  };
  setImmediate(count);
  await Promise.all(Array.from({ length: 10 }, () => gate.enter()));
  counting = false;
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(turns >= 9, `${turns} turns came between`);
});

Deno.test("TurnGate.enter() lets who comes later wait behind those who wait", async () => {
  const gate = new TurnGate({ perTurn: 1 });
  assert.equal(gate.enter(), undefined);
  const order: string[] = [];
  const first = gate.enter()!.then(() => void order.push("first"));
  const second = gate.enter()!.then(() => void order.push("second"));
  await Promise.all([second, first]);
  assert.deepEqual(order, ["first", "second"]);
});

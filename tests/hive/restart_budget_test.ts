import assert from "node:assert/strict";
import { RestartBudget, type RestartOptions } from "../../src/hive/restart_budget.ts";

/** A budget with a clock that the test moves. */
function budgetWith(
  options: RestartOptions = {},
): { budget: RestartBudget; pass(ms: number): void } {
  let nowMs = 1_000_000;
  return {
    budget: new RestartBudget({ now: () => nowMs, ...options }),
    pass: (ms) => void (nowMs += ms),
  };
}

/** Takes `count` restarts without any time between them. */
function takeAll(budget: RestartBudget, count: number): (number | undefined)[] {
  return Array.from({ length: count }, () => budget.take());
}

Deno.test("RestartBudget gives five restarts in ten minutes by default, and then none", () => {
  const { budget } = budgetWith();
  assert.deepEqual([budget.maxRestarts, budget.windowMs, budget.used], [5, 600_000, 0]);
  const waits = takeAll(budget, 7);
  assert.deepEqual(waits.map((wait) => wait !== undefined), [
    true,
    true,
    true,
    true,
    true,
    false,
    false,
  ]);
  assert.equal(budget.used, 5);
});

Deno.test("RestartBudget doubles the wait each time, up to half of it by chance less", () => {
  for (let round = 0; round < 50; round++) {
    const { budget } = budgetWith();
    for (const [i, wait] of takeAll(budget, 5).entries()) {
      const longest = 250 * 2 ** i;
      assert.ok(wait! > longest / 2 && wait! <= longest, `${wait} is the wait number ${i}`);
    }
  }
});

Deno.test("RestartBudget varies the waits, so that all that died at once do not come back at once", () => {
  const waits = new Set(Array.from({ length: 20 }, () => budgetWith().budget.take()));
  assert.ok(waits.size > 10, `${waits.size} different waits`);
});

Deno.test("RestartBudget never waits longer than its limit", () => {
  const { budget } = budgetWith({ maxRestarts: 100, firstMs: 1000, maxMs: 4000 });
  const waits = takeAll(budget, 100);
  assert.ok(waits.every((wait) => wait! <= 4000));
  assert.ok(waits.slice(2).every((wait) => wait! > 2000));
});

Deno.test("RestartBudget forgets a restart when it is as old as the window", () => {
  const { budget, pass } = budgetWith({ maxRestarts: 2, windowMs: 1000 });
  budget.take();
  pass(600);
  budget.take();
  pass(399);
  assert.equal(budget.used, 2);
  assert.equal(budget.take(), undefined);
  pass(1);
  assert.equal(budget.used, 1);
  assert.notEqual(budget.take(), undefined);
  // The window moves on: the second one is still in it.
  assert.equal(budget.take(), undefined);
});

Deno.test("RestartBudget counts no restart that it refuses", () => {
  const { budget, pass } = budgetWith({ maxRestarts: 1, windowMs: 1000 });
  budget.take();
  pass(999);
  for (let n = 0; n < 10; n++) assert.equal(budget.take(), undefined);
  pass(1);
  assert.notEqual(budget.take(), undefined);
});

Deno.test("RestartBudget waits long while there is trouble, and begins small after a window without", () => {
  const { budget, pass } = budgetWith({
    maxRestarts: 3,
    windowMs: 1000,
    firstMs: 100,
    maxMs: 10_000,
  });
  takeAll(budget, 3);
  pass(999);
  pass(1);
  assert.ok(budget.take()! <= 100, "after a window without trouble");
  pass(600);
  assert.ok(budget.take()! > 50);
  // One of the last window is still counted: it goes on where it was.
  pass(600);
  assert.ok(budget.take()! > 200);
});

Deno.test("RestartBudget with no restarts gives none", () => {
  const { budget } = budgetWith({ maxRestarts: 0 });
  assert.equal(budget.take(), undefined);
  assert.equal(budget.used, 0);
});

Deno.test("RestartBudget has a clock of its own", () => {
  const budget = new RestartBudget();
  assert.notEqual(budget.take(), undefined);
  assert.equal(budget.used, 1);
});

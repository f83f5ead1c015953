import assert from "node:assert/strict";
import { within } from "../../src/base/delay.ts";
import { describeExit, stopChild } from "../../src/process/supervisor.ts";
import { CapturedChild, fixture, runCaptured, shell } from "../helpers/captured_child.ts";

const PATIENCE_MS = 20_000;
const NEVER_MS = 3_600_000;

Deno.test("stopChild() ends a child that obeys SIGTERM, long before the grace period is over", async () => {
  await using captured = new CapturedChild({ program: "sleep", args: ["600"] });
  const exit = await within(stopChild(captured.child, { graceMs: NEVER_MS }), PATIENCE_MS);
  assert.deepEqual(exit, { code: 143, signal: "SIGTERM" });
});

Deno.test("stopChild() kills a child that ignores SIGTERM after the grace period", async () => {
  await using captured = new CapturedChild(fixture("ignore_sigterm.ts"));
  await captured.printed("ready");
  const stopping = stopChild(captured.child, { graceMs: 2000 });
  await captured.printed("ignored SIGTERM");
  assert.deepEqual(await stopping, { code: 137, signal: "SIGKILL" });
});

Deno.test("stopChild() does not cut the grace period short by closing the child's input", async () => {
  await using captured = new CapturedChild(shell('trap "" TERM; echo ready; cat; exit 7'));
  await captured.printed("ready");
  const exit = await stopChild(captured.child, { graceMs: 200 });
  assert.deepEqual(exit, { code: 137, signal: "SIGKILL" });
});

Deno.test("stopChild() gives a child its own exit when it cleans up after SIGTERM", async () => {
  await using captured = new CapturedChild(
    shell('trap "echo cleaning; exit 0" TERM; echo ready; while :; do sleep 0.01; done'),
  );
  await captured.printed("ready");
  const exit = await within(stopChild(captured.child, { graceMs: NEVER_MS }), PATIENCE_MS);
  assert.deepEqual(exit, { code: 0, signal: null });
  await captured.ended;
  assert.deepEqual(captured.logged(), ["ready", "cleaning"]);
});

for (const flags of [[], ["--ignore-sigterm"]]) {
  Deno.test(`stopChild() leaves nothing of the child's group: ${flags[0] ?? "obeying"}`, async () => {
    await using captured = new CapturedChild(
      fixture("fork_grandchild.ts", "--stay", ...flags),
      { lingerMs: NEVER_MS },
    );
    await captured.printed("grandchild ");
    await stopChild(captured.child);
    // The pipes close only when the grandchild has ended too.
    assert.ok(await within(captured.ended, PATIENCE_MS), "the grandchild lives");
  });
}

Deno.test("stopChild() takes what is left of a child that has ended by itself", async () => {
  await using captured = new CapturedChild(
    shell('(trap "" TERM; echo ready; exec sleep 600) & read -r go; exit 3'),
    { lingerMs: NEVER_MS },
  );
  await captured.printed("ready");
  await captured.child.closeInput();
  assert.deepEqual(await captured.child.exited, { code: 3, signal: null });
  assert.deepEqual(await stopChild(captured.child), { code: 3, signal: null });
  assert.ok(await within(captured.ended, PATIENCE_MS), "the grandchild lives");
});

Deno.test("stopChild() of a child that has ended gives its exit, also twice", async () => {
  const { child, exit } = await runCaptured(shell("exit 3"));
  assert.deepEqual(await stopChild(child), exit);
  assert.deepEqual(await stopChild(child), exit);
});

Deno.test("stopChild() called twice at once ends the child once", async () => {
  await using captured = new CapturedChild({ program: "sleep", args: ["600"] });
  const [one, two] = await Promise.all([stopChild(captured.child), stopChild(captured.child)]);
  assert.deepEqual(one, { code: 143, signal: "SIGTERM" });
  assert.deepEqual(two, one);
});

Deno.test("describeExit() says a code or a signal", () => {
  assert.equal(describeExit({ code: 3, signal: null }), "exit code 3");
  assert.equal(describeExit({ code: 0, signal: null }), "exit code 0");
  assert.equal(describeExit({ code: 137, signal: "SIGKILL" }), "signal SIGKILL");
});

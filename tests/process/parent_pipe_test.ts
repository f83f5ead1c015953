import assert from "node:assert/strict";
import { within } from "../../src/base/delay.ts";
import { CapturedChild, fixture } from "../helpers/captured_child.ts";

const PATIENCE_MS = 20_000;

Deno.test("parentPipeClosed() resolves when the parent closes the pipe, and not before", async () => {
  await using captured = new CapturedChild(fixture("watch_parent.ts"));
  await captured.printed("watching");
  assert.deepEqual(captured.logged(), ["watching"]);
  await captured.child.closeInput();
  assert.deepEqual(await captured.ended, { code: 0, signal: null });
  assert.deepEqual(captured.logged(), ["watching", "closed"]);
});

Deno.test("parentPipeClosed() resolves when the parent is killed", async () => {
  const watcher = fixture("watch_parent.ts");
  await using parent = new CapturedChild(
    fixture("hold_child.ts", watcher.program, ...watcher.args),
    { lingerMs: 3_600_000 },
  );
  await parent.printed("watching");
  assert.equal(parent.child.signalGroup("SIGKILL"), true);
  assert.equal((await parent.child.exited).signal, "SIGKILL");
  assert.equal(await within(parent.printed("closed"), PATIENCE_MS), "closed");
});

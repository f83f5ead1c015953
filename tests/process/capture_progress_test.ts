import assert from "node:assert/strict";
import { formatNarrationJson } from "../../src/narration/json_format.ts";
import { isAlive } from "../../src/process/process_identity.ts";
import { CapturedChild, fixture, runCaptured, shell } from "../helpers/captured_child.ts";

Deno.test("captureOutput() shows an update that nothing has ended, and not again when its line ends", async () => {
  for (const update of ["\\r10 %%", "10 %%\\r"]) {
    await using captured = new CapturedChild(shell(`printf '${update}'; cat; printf '\\n'`));
    await captured.printed("10 %");
    assert.ok(isAlive(captured.child.pid));
    await captured.child.closeInput();
    await captured.ended;
    assert.deepEqual(captured.logged(), ["10 %"]);
  }
});

Deno.test("captureOutput() shows an update that is printed while the child goes on", async () => {
  await using captured = new CapturedChild(
    shell("printf '10 %%\\r20 %%'; cat; printf '\\rdone\\n'"),
  );
  await captured.printed("20 %");
  await captured.child.closeInput();
  await captured.ended;
  assert.deepEqual(captured.logged(), ["20 %", "done"]);
});

Deno.test("captureOutput() gives the last update of a child that ends on it", async () => {
  for (const script of ["10 %%\\r99 %%\\r100 %%\\r", "\\r10 %%\\r99 %%\\r100 %%"]) {
    const captured = await runCaptured(shell(`printf '${script}'`));
    assert.equal(captured.logged().at(-1), "100 %");
    assert.equal(new Set(captured.logged()).size, captured.logged().length);
  }
});

for (const style of ["before", "after"]) {
  Deno.test(`captureOutput() gives at most ten updates a second, with returns ${style} them`, async () => {
    await using captured = new CapturedChild(fixture("print_progress.ts", style));
    await captured.until(() => captured.items.length >= 4);
    await captured.child.closeInput();
    await captured.ended;
    const lines = captured.logged();
    const shown = lines.slice(0, -1).filter((line) => line.endsWith(" B")).map(parseFloat);
    assert.equal(lines.at(-1), "done");
    // Far more than a line may hold has gone by without any line end.
    assert.ok(shown.at(-1)! > 65_536, `${lines} were shown`);
    assert.deepEqual(shown, shown.toSorted((a, b) => a - b));
    const { times } = captured;
    for (let i = 1; i < lines.length - 1; i++) assert.ok(times[i]! - times[i - 1]! > 99);
  });
}

Deno.test("captureOutput() neither cuts nor keeps a progress line that goes on and on", async () => {
  const captured = await runCaptured(
    shell("yes '50 %' | head -n 5000000 | tr '\\n' '\\r'; printf '100 %%\\nnext\\n'"),
  );
  const lines = captured.logged();
  assert.deepEqual(lines.slice(-2), ["100 %", "next"]);
  // Half an update is one too, when the child does not go on.
  for (const line of lines.slice(0, -2)) assert.ok("50 %".startsWith(line), line);
  assert.ok(lines.length < 100);
  assert.deepEqual(captured.items.filter((item) => item.kind === "log" && item.truncated), []);
});

Deno.test("captureOutput() never takes narration for progress", async () => {
  const line = formatNarrationJson({
    rbee: "narration",
    at: "2026-01-31T12:00:00.123Z",
    actor: "worker",
    action: "model_load",
    human: "Loading",
    level: "info",
  });
  const { items } = await runCaptured(
    shell(`printf '10 %%\\r%s\\n%s\\r%s\\r20 %%\\n' '${line}' '${line}' '${line}'`),
    { narration: true },
  );
  const said = items.flatMap((item) => item.kind === "log" ? item.lines : [item.record.human]);
  assert.deepEqual(said, ["10 %", "Loading", "Loading", "Loading", "20 %"]);
});

import assert from "node:assert/strict";
import {
  isAlive,
  processExecutable,
  processStartTime,
} from "../../src/process/process_identity.ts";
import { CapturedChild, runCaptured, shell } from "../helpers/captured_child.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { copyProgram } from "../helpers/written_program.ts";

/** A real program at `path`, which waits for ever when it is given `600`. */
async function copySleep(path: string): Promise<void> {
  await copyProgram(await whereIs("sleep"), path);
}

async function whereIs(program: string): Promise<string> {
  const captured = await runCaptured(shell(`command -v ${program}`));
  return await Deno.realPath(captured.logged()[0]!);
}

/** The kernel tells nobody but the parent of such changes, so this asks until they have come. */
async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!condition()) {
    assert.ok(performance.now() < deadline, "It did not come");
    await Deno.stat("/proc/self");
  }
}

Deno.test("processStartTime() is in ticks and stays the same", () => {
  const own = processStartTime(Deno.pid);
  assert.match(own ?? "", /^\d+$/);
  assert.equal(processStartTime(Deno.pid), own);
});

Deno.test("processStartTime() of a child is not before that of its parent", async () => {
  await using captured = new CapturedChild({ program: "sleep", args: ["600"] });
  assert.ok(Number(processStartTime(captured.child.pid)) >= Number(processStartTime(Deno.pid)));
});

Deno.test("processStartTime(), processExecutable() and isAlive() know that a process has ended", async () => {
  const { child } = await runCaptured(shell("exit 0"));
  assert.equal(processStartTime(child.pid), null);
  assert.equal(processExecutable(child.pid), null);
  assert.equal(isAlive(child.pid), false);
});

Deno.test("processExecutable() is the program that runs", async () => {
  assert.equal(processExecutable(Deno.pid), await Deno.realPath(Deno.execPath()));
  await using captured = new CapturedChild({ program: "sleep", args: ["600"] });
  assert.equal(processExecutable(captured.child.pid), await whereIs("sleep"));
});

Deno.test("processExecutable() names a program whose file was replaced as before", async () => {
  await using folder = await TemporaryFolder.make();
  const program = folder.join("engine");
  await copySleep(program);
  await using captured = new CapturedChild({ program, args: ["600"] });
  const before = processExecutable(captured.child.pid);
  await Deno.remove(program);
  assert.equal(before, await Deno.realPath(folder.path) + "/engine");
  assert.equal(processExecutable(captured.child.pid), before);
});

Deno.test("processStartTime() and isAlive() read past a program name of brackets and spaces", async () => {
  await using folder = await TemporaryFolder.make();
  const program = folder.join(") Z 1 (x");
  await copySleep(program);
  await using captured = new CapturedChild({ program, args: ["600"] });
  assert.equal(isAlive(captured.child.pid), true);
  assert.ok(Number(processStartTime(captured.child.pid)) >= Number(processStartTime(Deno.pid)));
});

Deno.test("isAlive() holds for this process and for one of another owner", () => {
  assert.equal(isAlive(Deno.pid), true);
  assert.equal(isAlive(1), true);
});

Deno.test("isAlive() does not hold for a zombie, though it still has its start time", async () => {
  // The shell becomes a program that reaps no children, before its child may end.
  await using captured = new CapturedChild(
    shell('exec 3<&0; (read -r go <&3) & echo "child $!"; exec sleep 600'),
  );
  const zombie = Number((await captured.printed("child ")).split(" ")[1]);
  assert.equal(isAlive(zombie), true);
  const sleep = await whereIs("sleep");
  await until(() => processExecutable(captured.child.pid) === sleep);
  await captured.child.closeInput();
  await until(() => !isAlive(zombie));
  assert.notEqual(processStartTime(zombie), null);
});

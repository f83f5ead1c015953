import assert from "node:assert/strict";
import { within } from "../../src/base/delay.ts";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { type Child, type ChildOptions, signalGroup, spawnChild } from "../../src/process/child.ts";
import { isAlive, processStartTime } from "../../src/process/process_identity.ts";
import { CapturedChild, fixture, runCaptured, shell } from "../helpers/captured_child.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const PATIENCE_MS = 20_000;

function spawn(command: Omit<ChildOptions, "mode">): Child {
  return spawnChild({ ...command, mode: "captured" });
}

async function outputs(child: Child): Promise<[stdout: string, stderr: string]> {
  assert.ok(child.stdout && child.stderr);
  return await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
}

/** The sentence of the error that starting `command` gives. */
function refusal(command: Omit<ChildOptions, "mode">): string {
  try {
    spawn(command);
  } catch (error) {
    assert.ok(error instanceof RbeeError);
    assert.equal(error.code, "cannot_spawn");
    return error.message;
  }
  assert.fail("The child was started");
}

Deno.test("spawnChild() gives both outputs and the exit code", async () => {
  const child = spawn(shell("echo out; echo err >&2; exit 3"));
  assert.deepEqual(await outputs(child), ["out\n", "err\n"]);
  assert.deepEqual(await child.exited, { code: 3, signal: null });
});

Deno.test("spawnChild() tells the signal that ended a child", async () => {
  const child = spawn(shell("kill -9 $$"));
  await outputs(child);
  assert.deepEqual(await child.exited, { code: 137, signal: "SIGKILL" });
});

Deno.test("spawnChild() passes arguments on as they are", async () => {
  const args = ["a b", "$HOME", "'", '"', "", "*", "\\n", "caf\u00e9"];
  const child = spawn({ program: "sh", args: ["-c", 'printf "%s\\n" "$@"', "sh", ...args] });
  const [stdout] = await outputs(child);
  assert.deepEqual(stdout.split("\n").slice(0, -1), args);
  await child.exited;
});

Deno.test("spawnChild() gives the environment that it was given, and nothing beside it", async () => {
  const child = spawn({ program: "/usr/bin/env", args: [], env: { ONLY: "this" } });
  assert.deepEqual(await outputs(child), ["ONLY=this\n", ""]);
  await child.exited;
});

Deno.test("spawnChild() gives this process's environment when it was given none", async () => {
  const child = spawn(shell('printf %s "$PATH"'));
  const [stdout] = await outputs(child);
  assert.equal(stdout, Deno.env.get("PATH"));
  await child.exited;
});

Deno.test("spawnChild() starts the child in the folder that it was given", async () => {
  await using folder = await TemporaryFolder.make();
  const child = spawn({ ...shell("pwd -P"), cwd: folder.path });
  const [stdout] = await outputs(child);
  assert.equal(stdout.trimEnd(), await Deno.realPath(folder.path));
  await child.exited;
});

Deno.test("spawnChild() says in one sentence that a program is missing", () => {
  assert.equal(
    refusal({ program: "rbee-no-such-program", args: [] }),
    'Cannot start "rbee-no-such-program": there is no such program; check the path, or install it',
  );
  assert.match(refusal({ program: "/no/such/program", args: [] }), /there is no such program/);
});

Deno.test("spawnChild() says that a program is not executable", async () => {
  await using folder = await TemporaryFolder.make();
  const program = folder.join("engine");
  await Deno.writeTextFile(program, "#!/bin/sh\n", { mode: 0o644 });
  assert.equal(
    refusal({ program, args: [] }),
    `Cannot start "${program}": it is not executable; check that it is a program, or try chmod +x`,
  );
});

Deno.test("spawnChild() does not blame the program when the folder is missing", async () => {
  await using folder = await TemporaryFolder.make();
  assert.equal(
    refusal({ program: "sh", args: [], cwd: folder.join("missing") }),
    'Cannot start "sh": there is no such folder to start it in',
  );
});

Deno.test("spawnChild() knows the child by its pid and start time", async () => {
  await using captured = new CapturedChild(shell("exec sleep 600"));
  const { pid, startTime } = captured.child;
  assert.ok(isAlive(pid));
  assert.notEqual(startTime, null);
  assert.equal(startTime, processStartTime(pid));
});

Deno.test("Child.closeInput() closes the child's standard input, once and again", async () => {
  const captured = new CapturedChild({ program: "cat", args: [] });
  await captured.child.closeInput();
  await captured.child.closeInput();
  assert.deepEqual(await captured.ended, { code: 0, signal: null });
  await captured.child.closeInput();
});

Deno.test("Child.closeInput() is fine when the child has closed its end first", async () => {
  await using captured = new CapturedChild(shell("exec <&-; echo closed; exec sleep 600"));
  await captured.printed("closed");
  await captured.child.closeInput();
});

Deno.test("Child.signalGroup() reaches what the child has started", async () => {
  await using captured = new CapturedChild(shell("sleep 600 & echo started; wait"), {
    lingerMs: 3_600_000,
  });
  await captured.printed("started");
  assert.equal(captured.child.signalGroup("SIGTERM"), true);
  // The pipes close only when the grandchild has ended too.
  const exit = await within(captured.ended, PATIENCE_MS);
  assert.equal(exit?.signal, "SIGTERM");
});

Deno.test("Child.signalGroup() reaches a grandchild that has outlived the child", async () => {
  const captured = new CapturedChild(fixture("fork_grandchild.ts"), { lingerMs: 3_600_000 });
  await captured.child.exited;
  assert.equal(captured.child.signalGroup("SIGKILL"), true);
  assert.ok(await within(captured.ended, PATIENCE_MS));
});

Deno.test("Child.signalGroup() is false when nothing is left of the group", async () => {
  const { child } = await runCaptured(shell("exit 0"));
  assert.equal(child.signalGroup("SIGTERM"), false);
  assert.equal(child.signalGroup("SIGKILL"), false);
});

Deno.test("signalGroup() never signals our own group or everything", () => {
  for (const pgid of [1, 0, -1, -Deno.pid]) assert.equal(signalGroup(pgid, "SIGKILL"), false);
});

Deno.test("spawnChild() gives the child a process group and session of its own", async () => {
  await using captured = new CapturedChild(shell("read -r stat < /proc/$$/stat; echo $stat; cat"));
  await captured.child.closeInput();
  await captured.ended;
  const [line = ""] = captured.logged();
  const [, , group, session] = line.slice(line.lastIndexOf(")") + 2).split(" ");
  assert.equal(group, String(captured.child.pid));
  assert.equal(session, String(captured.child.pid));
});

Deno.test("spawnChild() gives a daemon no pipes at all", async () => {
  const daemon = spawnChild({ ...shell("cat; echo unheard; exit 5"), mode: "daemon" });
  assert.equal(daemon.stdout, null);
  assert.equal(daemon.stderr, null);
  assert.deepEqual(await daemon.exited, { code: 5, signal: null });
  await daemon.closeInput();
});

Deno.test("spawnChild() lets a daemon outlive its parent without holding the parent's pipes", async () => {
  // Reading to the end hangs if the daemon has inherited an output.
  const parent = spawn(fixture("spawn_daemon.ts"));
  const read = await within(outputs(parent), PATIENCE_MS);
  assert.deepEqual(await parent.exited, { code: 0, signal: null });
  assert.ok(read);
  const [stdout, stderr] = read;
  assert.equal(stderr, "");
  const daemon = Number(stdout);
  try {
    assert.ok(isAlive(daemon));
  } finally {
    assert.equal(signalGroup(daemon, "SIGKILL"), true);
  }
});

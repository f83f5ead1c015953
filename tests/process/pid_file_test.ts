import assert from "node:assert/strict";
import { RbeeError } from "../../src/base/rbee_error.ts";
import type { PidFile } from "../../src/contracts/pid_file.ts";
import {
  isSameProcess,
  readPidFile,
  removePidFile,
  signalProcess,
  writePidFile,
} from "../../src/process/pid_file.ts";
import {
  isAlive,
  processExecutable,
  processStartTime,
} from "../../src/process/process_identity.ts";
import { CapturedChild, runCaptured, shell } from "../helpers/captured_child.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const OWN = { instance: "0197c0de-0000-4000-8000-00000000abcd", url: "http://127.0.0.1:7833" };

/** What process `pid` would have written. */
function fileOf(pid: number): PidFile {
  return {
    pid,
    start_time: processStartTime(pid),
    executable: processExecutable(pid),
    ...OWN,
  };
}

function runningChild(): CapturedChild {
  return new CapturedChild({ program: "sleep", args: ["600"] });
}

Deno.test("writePidFile() writes what names this process for good, pid first", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("queen.pid");
  const written = await writePidFile(path, OWN);
  assert.deepEqual(written, fileOf(Deno.pid));
  assert.deepEqual(await readPidFile(path), written);
  assert.ok((await Deno.readTextFile(path)).startsWith(`{"pid":${Deno.pid},`));
});

Deno.test("writePidFile() leaves one file, which only its owner can read", async () => {
  await using folder = await TemporaryFolder.make();
  await writePidFile(folder.join("queen.pid"), OWN);
  const names = (await Array.fromAsync(Deno.readDir(folder.path))).map((entry) => entry.name);
  assert.deepEqual(names, ["queen.pid"]);
  const { mode } = await Deno.stat(folder.join("queen.pid"));
  assert.equal((mode ?? 0) & 0o777, 0o600);
});

Deno.test("writePidFile() refuses while another process that wrote the file still runs", async () => {
  await using folder = await TemporaryFolder.make();
  await using other = runningChild();
  const path = folder.join("queen.pid");
  const file = fileOf(other.child.pid);
  await Deno.writeTextFile(path, JSON.stringify(file));
  await assert.rejects(writePidFile(path, OWN), (error) => {
    assert.ok(error instanceof RbeeError);
    assert.equal(error.code, "already_running");
    assert.match(error.message, new RegExp(`process ${file.pid} at ${file.url}`));
    assert.deepEqual(error.details, { pid: file.pid, url: file.url });
    return true;
  });
  assert.deepEqual(await readPidFile(path), file);
});

Deno.test("writePidFile() replaces the file of a process that has ended", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("queen.pid");
  const { child } = await runCaptured(shell("exit 0"));
  const left = { ...fileOf(child.pid), start_time: "1", executable: "/bin/rbee" };
  await Deno.writeTextFile(path, JSON.stringify(left));
  assert.equal((await writePidFile(path, OWN)).pid, Deno.pid);
});

Deno.test("writePidFile() replaces its own file and a file that is broken", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("queen.pid");
  await Deno.writeTextFile(path, '{"pid":');
  const first = await writePidFile(path, OWN);
  assert.deepEqual(await writePidFile(path, OWN), first);
});

Deno.test("readPidFile() is undefined without a file and for a file that is not one of ours", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("hive.pid");
  assert.equal(await readPidFile(path), undefined);
  for (const text of ["", "123\n", "{}", "null", '{"pid":1}', "\u0000"]) {
    await Deno.writeTextFile(path, text);
    assert.equal(await readPidFile(path), undefined, text);
  }
});

Deno.test("readPidFile() says when it cannot read", async () => {
  await using folder = await TemporaryFolder.make();
  await assert.rejects(readPidFile(folder.path), { code: "cannot_read_file" });
});

Deno.test("isSameProcess() holds while pid, start time and executable all agree", async () => {
  assert.equal(isSameProcess(fileOf(Deno.pid)), true);
  await using other = runningChild();
  assert.equal(isSameProcess(fileOf(other.child.pid)), true);
});

Deno.test("isSameProcess() does not take a later process with the same pid for the one", async () => {
  await using other = runningChild();
  const file = fileOf(other.child.pid);
  assert.equal(isSameProcess({ ...file, start_time: String(Number(file.start_time) - 1) }), false);
  assert.equal(isSameProcess({ ...file, executable: "/usr/bin/editor" }), false);
});

Deno.test("isSameProcess() trusts no file that lacks start time or executable, which are known here", async () => {
  await using other = runningChild();
  const file = fileOf(other.child.pid);
  assert.equal(isSameProcess({ ...file, start_time: null, executable: null }), false);
  assert.equal(isSameProcess({ ...file, start_time: null }), false);
  assert.equal(isSameProcess({ ...file, executable: null }), false);
});

Deno.test("signalProcess() signals no process that a file names by its pid alone", async () => {
  await using other = runningChild();
  const file = { ...fileOf(other.child.pid), start_time: null, executable: null };
  assert.equal(signalProcess(file, "SIGKILL"), false);
  assert.equal(isSameProcess(fileOf(other.child.pid)), true, "it still runs");
});

Deno.test("isSameProcess() does not hold for a process that has ended", async () => {
  const other = runningChild();
  const file = fileOf(other.child.pid);
  await other[Symbol.asyncDispose]();
  assert.equal(isSameProcess(file), false);
  assert.equal(isSameProcess({ ...file, start_time: null, executable: null }), false);
});

Deno.test("signalProcess() signals the process that wrote the file", async () => {
  await using other = runningChild();
  assert.equal(signalProcess(fileOf(other.child.pid), "SIGTERM"), true);
  assert.deepEqual(await other.ended, { code: 143, signal: "SIGTERM" });
});

Deno.test("signalProcess() leaves a later process with the same pid alone", async () => {
  await using other = runningChild();
  const file = fileOf(other.child.pid);
  assert.equal(signalProcess({ ...file, start_time: "1" }, "SIGKILL"), false);
  assert.equal(signalProcess({ ...file, executable: "/usr/bin/editor" }, "SIGKILL"), false);
  assert.equal(isAlive(file.pid), true);
});

Deno.test("signalProcess() is false for a process that has ended", async () => {
  const other = runningChild();
  const file = fileOf(other.child.pid);
  await other[Symbol.asyncDispose]();
  assert.equal(signalProcess(file, "SIGTERM"), false);
});

Deno.test("removePidFile() removes this process's own file", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("queen.pid");
  await writePidFile(path, OWN);
  await removePidFile(path);
  assert.equal(await readPidFile(path), undefined);
  await removePidFile(path);
});

Deno.test("removePidFile() leaves the file of another process", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("queen.pid");
  const file = { ...fileOf(Deno.pid), pid: 1 };
  await Deno.writeTextFile(path, JSON.stringify(file));
  await removePidFile(path);
  assert.deepEqual(await readPidFile(path), file);
});

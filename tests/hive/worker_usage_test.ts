import assert from "node:assert/strict";
import { WorkerUsage } from "../../src/hive/worker_usage.ts";
import { listProcesses } from "../../src/process/process_table.ts";
import { CapturedChild, shell } from "../helpers/captured_child.ts";

/** A process that computes for as long as it lives. */
const BUSY = shell("echo ready; while :; do :; done");

Deno.test("WorkerUsage has the memory of a group at its first sample, and what it computes at the second", async () => {
  await using busy = new CapturedChild(BUSY);
  await busy.printed("ready");
  const { pid } = busy.child;
  const usage = new WorkerUsage();
  usage.sample([pid]);
  const first = usage.of(pid);
  assert.equal(first?.cpuPercent, null);
  assert.ok(first!.memoryBytes > 0);
  // Until the kernel, which counts in hundredths of a second, has counted something.
  do usage.sample([pid]); while (!usage.of(pid)?.cpuPercent);
  assert.ok(usage.of(pid)!.cpuPercent! > 0);
});

Deno.test("WorkerUsage counts all that is in a group, and nothing else", async () => {
  await using group = new CapturedChild(shell("sleep 600 & sleep 600 & echo ready; wait"));
  await using single = new CapturedChild(shell("echo ready; exec sleep 600"));
  for (const child of [group, single]) await child.printed("ready");
  const { pid } = group.child;
  const members = () => listProcesses().filter(({ pgid }) => pgid === pid);
  const sum = () => members().reduce((bytes, { memoryBytes }) => bytes + memoryBytes, 0);
  const usage = new WorkerUsage();
  let before: number;
  // Until nothing changes any more while it is looked at.
  do {
    before = sum();
    usage.sample([pid, single.child.pid]);
  } while (sum() !== before);
  assert.equal(members().length, 3);
  assert.equal(usage.of(pid)?.memoryBytes, before);
});

Deno.test("WorkerUsage knows nothing of what was in no sample, or is no longer there", async () => {
  const usage = new WorkerUsage();
  assert.equal(usage.of(null), undefined);
  assert.equal(usage.of(Deno.pid), undefined);
  await using child = new CapturedChild(shell("exec sleep 600"));
  const { pid } = child.child;
  usage.sample([pid]);
  assert.ok(usage.of(pid) !== undefined);
  usage.sample([]);
  assert.equal(usage.of(pid), undefined);
  child.child.signalGroup("SIGKILL");
  await child.ended;
  usage.sample([pid]);
  assert.equal(usage.of(pid), undefined);
});

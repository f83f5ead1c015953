import assert from "node:assert/strict";
import { isAlive, processStartTime } from "../../src/process/process_identity.ts";
import {
  listProcesses,
  type ProcessEntry,
  processesWithVariable,
} from "../../src/process/process_table.ts";
import { CapturedChild, runCaptured, shell } from "../helpers/captured_child.ts";
import { copyProgram } from "../helpers/written_program.ts";

function entryOf(pid: number): ProcessEntry {
  const entry = listProcesses().find((each) => each.pid === pid);
  assert.ok(entry, `process ${pid} is not listed`);
  return entry;
}

/** The pid after `word` in what a child has printed. */
async function pidAfter(child: CapturedChild, word: string): Promise<number> {
  return Number((await child.printed(`${word} `)).slice(word.length + 1));
}

Deno.test("listProcesses() lists this process with its start, time and memory", () => {
  const own = entryOf(Deno.pid);
  assert.equal(own.startTime, processStartTime(Deno.pid));
  assert.ok(own.pgid > 0);
  assert.ok(own.cpuMs > 0);
  const { rss } = Deno.memoryUsage();
  assert.ok(own.memoryBytes > rss / 4 && own.memoryBytes < rss * 4, `${own.memoryBytes} of ${rss}`);
});

Deno.test("listProcesses() lists each process once", () => {
  const pids = listProcesses().map(({ pid }) => pid);
  assert.equal(new Set(pids).size, pids.length);
});

Deno.test("listProcesses() tells a child's group, and what it has started in it", async () => {
  await using child = new CapturedChild(shell('sleep 600 & echo "member $!"; wait'));
  const member = await pidAfter(child, "member");
  const { pid } = child.child;
  assert.deepEqual([entryOf(pid).pgid, entryOf(member).pgid], [pid, pid]);
  assert.equal(entryOf(pid).startTime, child.child.startTime);
  assert.notEqual(entryOf(Deno.pid).pgid, pid);
});

Deno.test("listProcesses() tells the group of one that has moved to another", async () => {
  await using child = new CapturedChild(
    shell(`setsid sh -c 'echo "moved $$"; exec sleep 600' & wait`),
  );
  const moved = await pidAfter(child, "moved");
  assert.equal(entryOf(moved).pgid, moved);
  Deno.kill(moved, "SIGKILL");
});

Deno.test("listProcesses() counts the time of one that computes", async () => {
  await using child = new CapturedChild(shell(
    "echo begin; read line; i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done; echo end; exec sleep 600",
  ));
  await child.printed("begin");
  const before = entryOf(child.child.pid).cpuMs;
  await child.child.closeInput();
  await child.printed("end");
  assert.ok(entryOf(child.child.pid).cpuMs > before);
});

Deno.test("listProcesses() reads the figures of one whose name looks like figures", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const program = `${folder}/a) S 1 1 (`;
    await copyProgram("/bin/sh", program);
    await using child = new CapturedChild({ program, args: ["-c", "echo ready; read line"] });
    await child.printed("ready");
    const { pid, startTime } = child.child;
    assert.deepEqual([entryOf(pid).pgid, entryOf(pid).startTime], [pid, startTime]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("listProcesses() leaves out one that has ended, and a zombie", async () => {
  // Who runs `sleep` waits for nobody, so what ends under it stays as a zombie.
  await using child = new CapturedChild(
    shell('exec 3<&0; cat <&3 & echo "zombie $!"; exec sleep 600'),
  );
  const zombie = await pidAfter(child, "zombie");
  assert.equal(entryOf(zombie).pgid, child.child.pid);
  await child.child.closeInput();
  while (isAlive(zombie)) await Deno.stat("/proc");
  assert.notEqual(processStartTime(zombie), null, "it has been reaped");
  const ended = await runCaptured(shell("exit 0"));
  const pids = new Set(listProcesses().map(({ pid }) => pid));
  assert.deepEqual([pids.has(zombie), pids.has(ended.child.pid)], [false, false]);
});

Deno.test("processesWithVariable() finds all that inherit a variable, wherever they have moved", async () => {
  const env = { ...Deno.env.toObject(), RBEE_TEST_MARK: "a=b c" };
  await using child = new CapturedChild({
    ...shell(`setsid sh -c 'echo "moved $$"; exec sleep 600' & wait`),
    env,
  });
  const moved = await pidAfter(child, "moved");
  const found = processesWithVariable("RBEE_TEST_MARK");
  assert.deepEqual([found.get(child.child.pid), found.get(moved)], ["a=b c", "a=b c"]);
  assert.equal(found.has(Deno.pid), false);
  Deno.kill(moved, "SIGKILL");
});

for (
  const [what, env, value] of [
    ["that is empty", { RBEE_TEST_MARK: "" }, ""],
    ["that stands first", { RBEE_TEST_MARK: "1", LATER: "2" }, "1"],
    ["that holds a line end", { RBEE_TEST_MARK: "one\ntwo" }, "one\ntwo"],
    ["of a longer name", { RBEE_TEST_MARKED: "1" }, undefined],
    ["whose name only ends so", { NO_RBEE_TEST_MARK: "1" }, undefined],
    ["that another's value spells out", { OTHER: "RBEE_TEST_MARK=1" }, undefined],
  ] as const
) {
  Deno.test(`processesWithVariable() of a variable ${what} is ${JSON.stringify(value)}`, async () => {
    await using child = new CapturedChild({ program: "/bin/sleep", args: ["600"], env });
    assert.equal(processesWithVariable("RBEE_TEST_MARK").get(child.child.pid), value);
  });
}

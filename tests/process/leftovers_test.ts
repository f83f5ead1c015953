import assert from "node:assert/strict";
import { GroupLedger } from "../../src/process/group_ledger.ts";
import {
  endLeftovers,
  endLeftoversOf,
  killMarked,
  killMembers,
  membersOf,
} from "../../src/process/leftovers.ts";
import { isAlive, processStartTime } from "../../src/process/process_identity.ts";
import { listProcesses } from "../../src/process/process_table.ts";
import { groupEnded } from "../helpers/ended_process.ts";
import { gone, MarkedProcesses } from "../helpers/marked_processes.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const newMark = () => `worker-${crypto.randomUUID()}`;
/** Leaves a process behind in the group, and ends. */
const LEAVE = 'sleep 600 >/dev/null 2>&1 & echo "member $!"';
/** Leaves a process behind in a session of its own, and stays. */
// The first process does not wait for the other: it would end by itself when that is ended first.
const MOVE = `setsid sh -c 'echo "member $$"; exec sleep 600 >/dev/null 2>&1' & exec sleep 600`;
const STAY = 'sleep 600 & echo "member $!"; wait';
const STUBBORN = 'trap "" TERM; echo "member $$"; exec sleep 600';

Deno.test("endLeftovers() ends a whole group while its first process is the one that was started", async () => {
  await using group = new MarkedProcesses(STAY);
  const member = await group.member();
  assert.equal(await endLeftovers([group.entry()]), 2);
  await gone(member);
  assert.equal((await group.leader.ended).signal, "SIGTERM");
});

Deno.test("endLeftovers() ends what is left of a group whose first process has ended, by its mark", async () => {
  const mark = newMark();
  await using group = new MarkedProcesses(LEAVE, mark);
  const member = await group.member();
  await group.leader.ended;
  assert.equal(await endLeftovers([group.entry({ mark })]), 1);
  assert.equal(isAlive(member), false);
  await groupEnded(group.leader.child.pid);
});

Deno.test("endLeftovers() ends what has moved to a session of its own, by its mark", async () => {
  const mark = newMark();
  await using group = new MarkedProcesses(MOVE, mark);
  const member = await group.member();
  // As it stands in the ledger when the hive was killed in the moment of the start.
  const entry = { mark, pgid: null, start_time: null };
  assert.equal(await endLeftovers([entry]), 2);
  assert.equal(isAlive(member), false);
  assert.equal((await group.leader.ended).signal, "SIGTERM");
});

Deno.test("killMembers() has killed a group, and what has left it, when it returns", async () => {
  const mark = newMark();
  await using group = new MarkedProcesses(MOVE, mark);
  await using stubborn = new MarkedProcesses(STUBBORN, newMark());
  await using other = new MarkedProcesses(STAY, newMark());
  const members = [await group.member(), await stubborn.member()];
  const spared = await other.member();
  killMembers([group.entry({ mark }), stubborn.entry()]);
  for (const { ended } of [group.leader, stubborn.leader]) {
    assert.equal((await ended).signal, "SIGKILL");
  }
  for (const pid of members) await gone(pid);
  assert.equal(isAlive(spared), true);
});

Deno.test("endLeftovers() does not touch a process that has the pid of one that has ended", async () => {
  await using group = new MarkedProcesses(STAY);
  const member = await group.member();
  const { startTime } = group.leader.child;
  const other = String(Number(startTime) - 1);
  assert.equal(await endLeftovers([group.entry({ start_time: other })]), 0);
  assert.equal(await endLeftovers([group.entry({ start_time: null })]), 0);
  assert.deepEqual([isAlive(group.leader.child.pid), isAlive(member)], [true, true]);
});

Deno.test("endLeftovers() does not touch what is left of a group that cannot be told to be ours", async () => {
  await using group = new MarkedProcesses(LEAVE);
  const member = await group.member();
  await group.leader.ended;
  assert.equal(await endLeftovers([group.entry()]), 0);
  assert.equal(isAlive(member), true);
});

Deno.test("endLeftovers() does not touch a process with another mark", async () => {
  const mark = newMark();
  await using other = new MarkedProcesses(MOVE, mark);
  const member = await other.member();
  for (const wrong of [newMark(), mark.slice(0, -1), `${mark}0`]) {
    assert.equal(await endLeftovers([{ mark: wrong, pgid: null, start_time: null }]), 0);
  }
  assert.deepEqual([isAlive(other.leader.child.pid), isAlive(member)], [true, true]);
});

Deno.test("endLeftovers() kills what does not obey SIGTERM after the grace, and only that", async () => {
  const mark = newMark();
  await using stubborn = new MarkedProcesses(STUBBORN, mark);
  await using obedient = new MarkedProcesses(STAY);
  await Promise.all([stubborn.member(), obedient.member()]);
  const groups = [stubborn.entry({ mark }), obedient.entry()];
  assert.equal(await endLeftovers(groups, { graceMs: 2000 }), 3);
  assert.equal((await stubborn.leader.ended).signal, "SIGKILL");
  assert.equal((await obedient.leader.ended).signal, "SIGTERM");
});

Deno.test("endLeftovers() does not forget who is left of a group whose first process obeys", async () => {
  const mark = newMark();
  // Nothing but its group tells that the second is of the first.
  await using group = new MarkedProcesses(`env -i sh -c '${STUBBORN}' & wait`, mark);
  const member = await group.member();
  assert.equal(await endLeftovers([group.entry({ mark })], { graceMs: 2000 }), 2);
  assert.equal((await group.leader.ended).signal, "SIGTERM");
  assert.equal(isAlive(member), false);
});

Deno.test("endLeftovers() kills one that is halted", async () => {
  await using group = new MarkedProcesses(STAY);
  const member = await group.member();
  const { pid } = group.leader.child;
  Deno.kill(pid, "SIGSTOP");
  // Of two signals that wait, SIGTERM would be taken first.
  while (!/^State:\tT/m.test(await Deno.readTextFile(`/proc/${pid}/status`)));
  assert.equal(await endLeftovers([group.entry()], { graceMs: 50 }), 2);
  await gone(member);
  assert.equal((await group.leader.ended).signal, "SIGKILL");
});

Deno.test("endLeftovers() ends the leftovers of several groups side by side", async () => {
  const marks = [newMark(), newMark(), newMark()];
  await using stack = new AsyncDisposableStack();
  const groups = marks.map((mark) => stack.use(new MarkedProcesses(MOVE, mark)));
  const members = await Promise.all(groups.map((group) => group.member()));
  const entries = groups.map((group, i) => group.entry({ mark: marks[i]! }));
  assert.equal(await endLeftovers(entries), 6);
  assert.deepEqual(members.filter(isAlive), []);
});

Deno.test("endLeftovers() of nothing, or of what has ended, is nothing", async () => {
  assert.equal(await endLeftovers([]), 0);
  await using group = new MarkedProcesses('echo "member $$"');
  await group.leader.ended;
  assert.equal(await endLeftovers([group.entry({ mark: newMark() })]), 0);
});

Deno.test("endLeftoversOf() ends what a ledger says, and says how many there were", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("hive.groups.json");
  const mark = newMark();
  await using group = new MarkedProcesses(MOVE, mark);
  const member = await group.member();
  // Of the hive that was killed.
  new GroupLedger(path).note(group.entry({ mark }));
  using said = new RecordedNarration();
  await endLeftoversOf(path);
  assert.deepEqual([isAlive(member), (await group.leader.ended).signal], [false, "SIGTERM"]);
  await endLeftoversOf(path);
  assert.deepEqual(
    said.records.map(({ action, level, human, fields }) => [action, level, human, fields]),
    [[
      "leftovers",
      "warn",
      "Ended 2 processes that a hive which was killed had left running",
      { processes: 2 },
    ]],
  );
});

Deno.test("endLeftoversOf() without a ledger does and says nothing", async () => {
  await using folder = await TemporaryFolder.make();
  using said = new RecordedNarration();
  await endLeftoversOf(folder.join("hive.groups.json"));
  assert.deepEqual(said.records, []);
});

Deno.test("membersOf() never has this process, whatever the ledger says", () => {
  const { pgid } = listProcesses().find(({ pid }) => pid === Deno.pid)!;
  const own = { mark: newMark(), pgid, start_time: processStartTime(pgid) };
  assert.ok(!membersOf([own]).some(({ pid }) => pid === Deno.pid));
});

Deno.test("killMarked() kills whoever carries the mark, wherever it has moved, and nobody else", async () => {
  const mark = newMark();
  await using ours = new MarkedProcesses(MOVE, mark);
  await using other = new MarkedProcesses(MOVE, newMark());
  const [member, others] = [await ours.member(), await other.member()];
  assert.equal(await killMarked(mark), true);
  assert.equal((await ours.leader.ended).signal, "SIGKILL");
  await gone(member);
  assert.deepEqual([isAlive(other.leader.child.pid), isAlive(others)], [true, true]);
});

Deno.test("killMarked() of a mark that nobody carries has nothing to do", async () => {
  assert.equal(await killMarked(newMark()), true);
});

import assert from "node:assert/strict";
import { within } from "../../src/base/delay.ts";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import { GroupLedger, readLedger } from "../../src/process/group_ledger.ts";
import { isAlive, processStartTime } from "../../src/process/process_identity.ts";
import { ChangingProgram } from "../helpers/changing_program.ts";
import { engineCommand } from "../helpers/engine_command.ts";
import { control, engineHive, FIXTURE } from "../helpers/engine_hive.ts";
import { groupMembers } from "../helpers/ended_process.ts";
import { logEvents } from "../helpers/log_events.ts";
import { loggedLine } from "../helpers/logged_line.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { nothingLeftOf, processesOf } from "../helpers/worker_processes.ts";

const PATIENCE_MS = 10_000;
const NEXT_DAY = { firstMs: 86_400_000, maxMs: 86_400_000 };

/** The numbers of the processes that a worker of the fixture engine says it has started. */
function startedBy(events: readonly JobEvent[], name: "grandchild" | "daemon"): number[] {
  return events.flatMap((event) =>
    event.type === "log" && event.line.startsWith(`${name} `)
      ? [Number(event.line.slice(name.length + 1))]
      : []
  );
}

/** Kills what is left of a worker and fails when that was anything. */
async function assertNothingLeft(workerId: string): Promise<void> {
  await within(nothingLeftOf(workerId), PATIENCE_MS);
  const left = processesOf(workerId);
  for (const pid of left) Deno.kill(pid, "SIGKILL");
  assert.deepEqual(left, []);
}

const ENDS = {
  "is stopped": (hive: ReturnType<typeof engineHive>, id: string) =>
    hive.run({ operation: "worker_stop", worker_id: id }),
  "ends by itself": async (hive: ReturnType<typeof engineHive>, id: string) => {
    await control(hive.workers.get(id), "die");
    await hive.workers.get(id).gone;
  },
  "is killed": async (hive: ReturnType<typeof engineHive>, id: string) => {
    Deno.kill(hive.workers.get(id).pid!, "SIGKILL");
    await hive.workers.get(id).gone;
  },
};

for (const [how, end] of Object.entries(ENDS)) {
  for (
    const [what, flags, count] of [
      ["a grandchild in its group", ["--fork-grandchild"], 1],
      ["a process that moved to a session of its own", ["--fork-daemon"], 1],
      ["20 grandchildren", ["--forks", "20"], 20],
      ["both", ["--fork-daemon", "--forks", "3"], 4],
    ] as const
  ) {
    Deno.test(`a worker that ${how} leaves nothing of itself: ${what}`, async () => {
      await using hive = engineHive(flags, { restarts: { maxRestarts: 0 } });
      const { worker_id, pid } = await hive.spawn(FIXTURE);
      // As many as it said it started, and itself.
      assert.equal(processesOf(worker_id).length, count + 1);
      await end(hive, worker_id);
      await assertNothingLeft(worker_id);
      assert.deepEqual(await groupMembers(pid!), []);
    });
  }
}

Deno.test("a worker that is killed while it loads takes with it what it had started, also what is halted", async () => {
  await using hive = engineHive(["--load-ms", "600000", "--forks", "2"]);
  const job = await hive.watch(FIXTURE);
  await job.said(/^Worker process/);
  const [{ worker_id, pid } = assert.fail()] = await hive.list();
  await loggedLine(hive.workers.get(worker_id).log, "main: HTTP server is listening");
  // Halted, so that it cannot end by itself.
  for (const member of processesOf(worker_id)) if (member !== pid) Deno.kill(member, "SIGSTOP");
  Deno.kill(pid!, "SIGKILL");
  assert.equal((await job.ended).at(-1)?.type, "error");
  await assertNothingLeft(worker_id);
});

Deno.test("a process that has moved to a session of its own carries its worker's mark", async () => {
  await using hive = engineHive(["--fork-daemon"]);
  const events = await hive.run(FIXTURE);
  const [{ worker_id, pid } = assert.fail()] = await hive.list();
  const [daemon] = startedBy(events, "daemon");
  assert.ok(processesOf(worker_id).includes(daemon!));
  assert.ok(!(await groupMembers(pid!)).includes(daemon!));
});

Deno.test("a worker that is stopped while it loads ends the spawn with that reason", async () => {
  await using hive = engineHive(["--load-ms", "600000", "--forks", "2"]);
  const job = await hive.watch(FIXTURE);
  await job.said(/^Worker process/);
  const [{ worker_id, pid, state } = assert.fail()] = await hive.list();
  assert.equal(state, "loading");
  await hive.run({ operation: "worker_stop", worker_id });
  const end = (await job.ended).at(-1);
  assert.deepEqual(end?.type === "error" && [end.code, end.message], [
    "worker_stopped",
    "The worker was stopped: on request",
  ]);
  assert.equal(isAlive(pid!), false);
  await assertNothingLeft(worker_id);
  assert.deepEqual((await hive.list()).map(({ state }) => state), ["stopped"]);
});

Deno.test("two spawns of one model at once start one process of an engine", async () => {
  await using program = await ChangingProgram.make({});
  await using hive = engineHive([], { engine: { command: [program.path, ...engineCommand()] } });
  const jobs = await Promise.all([hive.watch(FIXTURE), hive.watch(FIXTURE), hive.watch(FIXTURE)]);
  const ids = new Set<unknown>();
  for (const job of jobs) {
    const events = await job.ended;
    const end = events.at(-1);
    assert.ok(end?.type === "done");
    ids.add((end.result as { worker_id: string }).worker_id);
    // Each has all that it printed until it was ready, once.
    const lines = events.flatMap((event) => event.type === "log" ? [event.line] : []);
    assert.equal(lines.filter((line) => line.startsWith("load_tensors: ")).length, 10);
  }
  assert.deepEqual([ids.size, await program.starts()], [1, 1]);
});

Deno.test("a worker that ignores SIGTERM is killed after the grace period", async () => {
  await using hive = engineHive(["--ignore-sigterm", "--fork-grandchild"], { graceMs: 2000 });
  const { worker_id, pid } = await hive.spawn(FIXTURE);
  const end = (await hive.run({ operation: "worker_stop", worker_id })).at(-1);
  assert.ok(end?.type === "done");
  assert.equal(isAlive(pid!), false);
  await assertNothingLeft(worker_id);
  const [stopped] = await hive.list();
  assert.deepEqual([stopped?.state, stopped?.error], ["stopped", undefined]);
  const log = logEvents(hive.workers.get(worker_id).log);
  assert.ok(log.some((event) => event.type === "log" && event.line === "ignored SIGTERM"));
});

Deno.test("a worker that hangs in the middle of its work can be stopped", async () => {
  await using hive = engineHive(["--ignore-sigterm"], { graceMs: 100 });
  const { worker_id, url, pid } = await hive.spawn(FIXTURE);
  await control({ url }, "hang");
  await hive.run({ operation: "worker_stop", worker_id });
  assert.equal(isAlive(pid!), false);
});

Deno.test("a worker is stopped once, however many ask for it", async () => {
  await using hive = engineHive();
  const { worker_id } = await hive.spawn(FIXTURE);
  const ends = await Promise.all(
    Array.from({ length: 5 }, () => hive.run({ operation: "worker_stop", worker_id })),
  );
  assert.deepEqual(ends.map((events) => events.at(-1)?.type), Array(5).fill("done"));
  assert.deepEqual((await hive.list()).map(({ state }) => state), ["stopped"]);
});

Deno.test("a worker is in the ledger while its process runs, and no longer", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("groups.json");
  await using hive = engineHive(["--fork-daemon"], { ledger: new GroupLedger(path) });
  const [first, second] = [
    await hive.spawn(FIXTURE),
    await hive.spawn({ ...FIXTURE, context: 64 }),
  ];
  const entryOf = ({ worker_id, pid }: { worker_id: string; pid: number | null }) => ({
    mark: worker_id,
    pgid: pid,
    start_time: processStartTime(pid!),
  });
  assert.deepEqual(await readLedger(path), [entryOf(first), entryOf(second)]);
  await hive.workers.stop(first.worker_id, "the test wants it");
  assert.deepEqual(await readLedger(path), [entryOf(second)]);
  await hive.workers.stop(second.worker_id, "the test wants it");
  assert.deepEqual(await readLedger(path), []);
});

Deno.test("a worker that waits for its restart, or could not be started, is not in the ledger", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("groups.json");
  await using hive = engineHive([], {
    ledger: new GroupLedger(path),
    restarts: NEXT_DAY,
    engines: { missing: { command: ["/missing/engine", "{port}"] } },
  });
  await hive.run({ ...FIXTURE, engine: "missing" });
  assert.deepEqual(await readLedger(path), []);
  const { worker_id, url } = await hive.spawn(FIXTURE);
  await control({ url }, "die");
  await hive.workers.get(worker_id).death;
  assert.deepEqual(await readLedger(path), []);
});

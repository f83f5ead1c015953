import assert from "node:assert/strict";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { hiveSettingsSchema } from "../../src/config/hive_settings.ts";
import type { JobEvent, NarrationEvent } from "../../src/contracts/job_event.ts";
import type { WorkerInfo } from "../../src/contracts/worker.ts";
import type { OperationBody } from "../../src/jobs/job_client.ts";
import { DEMO_MODEL, findModelFile } from "../../src/models/model_file.ts";
import { ChangingProgram } from "../helpers/changing_program.ts";
import { engineCommand } from "../helpers/engine_command.ts";
import { control, engineHive, FIXTURE, keepBusy } from "../helpers/engine_hive.ts";
import { TelemetryWatch } from "../helpers/telemetry_watch.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { BEE_TINY, TestHive } from "../helpers/test_hive.ts";

// The demo model needs 6.3 MB, 1.7 of them for its file, which counts as free when it is mapped.
const ROOM_FOR_ONE = 7_000_000;
const ROOM_FOR_TWO = 9_000_000;

/** A hive that believes that so much is free, and copies of the demo model, which it takes for others. */
async function shortHive(
  resources: AsyncDisposableStack,
  freeBytes: number,
  limits: Record<string, unknown> = {},
) {
  const folder = resources.use(await TemporaryFolder.make());
  const { path } = await findModelFile(DEMO_MODEL);
  const copies = ["a", "b", "c"].map((name) => folder.join(`${name}.gguf`));
  for (const copy of copies) await Deno.copyFile(path, copy);
  const hive = resources.use(
    new TestHive({
      freeMemory: () => freeBytes,
      settings: hiveSettingsSchema.parse({
        limits: { idle: 0, ...limits },
        models: { [copies[2]!]: { pin: true } },
        engines: {},
      }),
    }),
  );
  const [a, b, pinned] = copies.map((model) => ({ ...BEE_TINY, model }));
  return { hive, a: a!, b: b!, pinned: pinned! };
}

/** Has a worker loaded that nobody waits for any more. */
async function idleWorker(hive: TestHive, body: OperationBody): Promise<WorkerInfo> {
  const worker = await hive.spawn(body);
  hive.workers.use(worker.worker_id)();
  return worker;
}

function roomOf(events: readonly JobEvent[]): NarrationEvent[] {
  return events.filter((event): event is NarrationEvent =>
    event.type === "narration" && event.action === "make_room"
  );
}

function stateOf(hive: TestHive, { worker_id }: WorkerInfo): string {
  return hive.workers.get(worker_id).state;
}

Deno.test("an idle worker is stopped for one that does not fit into what is free, which is loaded then, and says so", async () => {
  await using resources = new AsyncDisposableStack();
  const { hive, a } = await shortHive(resources, ROOM_FOR_ONE);
  const first = await idleWorker(hive, BEE_TINY);
  const events = await hive.run(a);
  assert.equal(events.at(-1)?.type, "done", JSON.stringify(events.at(-1)));
  const [stopping, again, ...more] = roomOf(events);
  assert.equal(
    stopping?.human,
    `Stopping the idle worker for bee-tiny to make room for ${a.model}: it needs 6.3 MB, 5.3 MB are free`,
  );
  assert.equal(stopping?.fields?.["worker_id"], first.worker_id);
  assert.equal(again?.human, `There is more room; trying ${a.model} again`);
  assert.deepEqual(more, []);
  assert.deepEqual((await hive.list()).map(({ model, state }) => [model, state]), [
    [a.model, "ready"],
    ["bee-tiny", "stopped"],
  ]);
});

Deno.test("the worker that was used least recently is stopped for its memory, and no more than are needed", async () => {
  await using resources = new AsyncDisposableStack();
  const { hive, a, b } = await shortHive(resources, ROOM_FOR_TWO);
  const first = await idleWorker(hive, BEE_TINY);
  const second = await idleWorker(hive, a);
  hive.workers.use(first.worker_id)();
  const third = await hive.spawn(b);
  assert.deepEqual([first, second, third].map((worker) => stateOf(hive, worker)), [
    "ready",
    "stopped",
    "ready",
  ]);
});

Deno.test("a worker with a request, or that is pinned, is not stopped for its memory: what does not fit fails with numbers", async () => {
  await using resources = new AsyncDisposableStack();
  const { hive, a, pinned } = await shortHive(resources, ROOM_FOR_TWO);
  const kept = await idleWorker(hive, pinned);
  const busy = await hive.spawn(BEE_TINY);
  const end = hive.workers.use(busy.worker_id);
  const events = await hive.run(a);
  const failure = events.at(-1);
  assert.ok(failure?.type === "error");
  assert.equal(failure.code, "insufficient_memory");
  assert.match(failure.message, /^Cannot load a.*: it needs 6\.3 MB .* and 5\.6 MB of .* are free/);
  assert.deepEqual(roomOf(events), []);
  assert.deepEqual([stateOf(hive, kept), stateOf(hive, busy)], ["ready", "ready"]);
  // Let go, it makes room.
  end();
  await hive.spawn(a);
  assert.deepEqual([stateOf(hive, kept), stateOf(hive, busy)], ["ready", "stopped"]);
});

Deno.test("no idle worker is stopped for one that would not fit without them either", async () => {
  await using resources = new AsyncDisposableStack();
  const { hive, a, b } = await shortHive(resources, ROOM_FOR_TWO);
  const idle = [await idleWorker(hive, BEE_TINY), await idleWorker(hive, a)];
  const events = await hive.run({ ...b, context: 65_536 });
  const end = events.at(-1);
  assert.ok(end?.type === "error");
  assert.equal(end.code, "insufficient_memory");
  assert.deepEqual(roomOf(events), []);
  assert.deepEqual(idle.map((worker) => stateOf(hive, worker)), ["ready", "ready"]);
});

Deno.test("where the memory is not checked, nobody is stopped for it", async () => {
  await using resources = new AsyncDisposableStack();
  const { hive, a } = await shortHive(resources, ROOM_FOR_ONE, { memory_check: false });
  const first = await idleWorker(hive, BEE_TINY);
  await hive.spawn(a);
  assert.equal(stateOf(hive, first), "ready");
});

/** A hive of another engine, whose memory is short for as long as the worker of a context runs. */
function engineHiveWithout(context: number, flags: readonly string[] = [], graceMs = 500) {
  const asked: number[] = [];
  const hive: TestHive = engineHive(flags, {
    limits: { idle: 0 },
    graceMs,
    memory: {
      check({ options }) {
        asked.push(options.context ?? 0);
        const isThere = hive.workers.running().some(({ state, spec }) =>
          spec.options.context === context && state !== "starting"
        );
        if (!isThere) return Promise.resolve();
        return Promise.reject(
          new RbeeError("insufficient_memory", "It does not fit", {
            details: { needed_bytes: 2_000_001, free_bytes: 2_000_000, on_gpu: false },
          }),
        );
      },
    },
  });
  return { hive, asked };
}

const other = (context: number) => ({ ...FIXTURE, context });

Deno.test("an idle worker of an engine that does not tell what it needs is stopped for what it has resident", async () => {
  const { hive, asked } = engineHiveWithout(8);
  await using _hive = hive;
  const first = await idleWorker(hive, other(8));
  const events = await hive.run(other(16));
  assert.equal(events.at(-1)?.type, "done", JSON.stringify(events.at(-1)));
  assert.equal(
    roomOf(events)[0]?.human,
    "Stopping the idle worker for bee-tiny to make room for bee-tiny: it needs 2.1 MB, 2.0 MB are free",
  );
  assert.equal(stateOf(hive, first), "stopped");
  assert.deepEqual(asked, [8, 16, 16]);
});

Deno.test("two that want room at once have one idle worker stopped where that is enough", async () => {
  const { hive } = engineHiveWithout(8);
  await using _hive = hive;
  const [spare, first] = [await idleWorker(hive, other(32)), await idleWorker(hive, other(8))];
  // Now it is the one that was used last.
  hive.workers.use(spare.worker_id)();
  const jobs = [await hive.watch(other(16)), await hive.watch(other(64))];
  const ends = await Promise.all(jobs.map(async ({ ended }) => (await ended).at(-1)?.type));
  assert.deepEqual(ends, ["done", "done"]);
  assert.deepEqual([stateOf(hive, first), stateOf(hive, spare)], ["stopped", "ready"]);
  const stopped = jobs.flatMap(({ events }) => roomOf(events))
    .filter(({ human }) => human.startsWith("Stopping"));
  assert.equal(stopped.length, 1);
});

Deno.test("a worker that is stopped while room is made for it is not loaded", async () => {
  const { hive } = engineHiveWithout(8, ["--ignore-sigterm"], 3_600_000);
  await using _hive = hive;
  const { pid } = await idleWorker(hive, other(8));
  const job = await hive.watch(other(16));
  await job.said(/^Stopping the idle worker/);
  await hive.client.cancel(job.id);
  const end = (await job.ended).at(-1);
  assert.equal(end?.type, "cancelled");
  assert.ok(!job.events.some((event) => event.type === "narration" && /again/.test(event.human)));
  Deno.kill(pid!, "SIGKILL");
});

Deno.test("a worker with a request is not stopped for its memory, however it was started", async () => {
  const { hive } = engineHiveWithout(8, ["--gate"]);
  await using _hive = hive;
  const worker = await hive.spawn(other(8));
  const request = await keepBusy(hive, worker);
  const end = (await hive.run(other(16))).at(-1);
  assert.ok(end?.type === "error");
  assert.equal(end.code, "insufficient_memory");
  await control(worker, "release");
  assert.equal((await request.ended).at(-1)?.type, "done");
});

Deno.test("a hive's telemetry tells what a worker holds, and whether it may be stopped to make room", async () => {
  await using resources = new AsyncDisposableStack();
  const { hive } = await shortHive(resources, ROOM_FOR_ONE);
  const worker = await hive.spawn(BEE_TINY);
  const end = hive.workers.use(worker.worker_id);
  await using telemetry = await TelemetryWatch.open(hive.url);
  const busy = await telemetry.worker(({ state }) => state === "ready");
  assert.equal(busy.removable, false);
  const { ram_bytes = 0, mapped_bytes = 0, vram_bytes } = busy.memory ?? {};
  assert.ok(mapped_bytes > 1.6e6 && mapped_bytes < 1.7e6, `${mapped_bytes}`);
  assert.equal(vram_bytes, 0);
  assert.ok(ram_bytes > 6e6 && ram_bytes < 7e6, `${ram_bytes}`);
  end();
  hive.feed.changed();
  await telemetry.worker(({ removable }) => removable === true);
});

for (const [what, needed] of [["less than nothing", -5], ["parts of bytes", 0.5]] as const) {
  Deno.test(`an engine that narrates that it needs ${what} is not believed, and its hive still tells of it`, async () => {
    const said = {
      ...{ rbee: "narration", at: "2026-01-31T12:00:00.123Z", level: "info" },
      ...{ actor: "worker", action: "memory", human: "Needs little" },
      fields: { needed_bytes: needed, model_bytes: 0, vram_bytes: 0 },
    };
    await using program = await ChangingProgram.make({ first: `echo '${JSON.stringify(said)}'` });
    await using hive = engineHive([], {
      engine: { command: [program.path, ...engineCommand()], narration: true },
    });
    await hive.spawn(FIXTURE);
    await using telemetry = await TelemetryWatch.open(hive.url);
    const { memory } = await telemetry.worker(({ state }) => state === "ready");
    assert.ok(memory === undefined || memory.ram_bytes > 1_000_000);
  });
}

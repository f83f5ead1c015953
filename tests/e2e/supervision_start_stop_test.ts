import assert from "node:assert/strict";
import { gatedEngine } from "../helpers/gated_engine.ts";
import {
  enginesAsModels,
  fixtureEngine,
  narrated,
  SupervisedHome,
} from "../helpers/supervised_home.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const ask = (model: string) => ({ operation: "infer", model, prompt: "Hello", max_tokens: 2 });

Deno.test("a worker stopped while it loads ends who waits for it with that, and is stopped", async () => {
  await using home = await SupervisedHome.up(enginesAsModels({
    slow: fixtureEngine("--load-ms", "600000", "--forks", "2"),
  }));
  const jobs = [
    { operation: "worker_spawn", model: "slow" },
    { operation: "infer", model: "slow", prompt: "Hello" },
    { operation: "worker_spawn", model: "bee-tiny" },
  ];
  for (const body of jobs) {
    const job = await home.watch(body);
    await job.said("worker_spawn", /started$/);
    if (body.model === "slow") await home.workerIs("slow", "loading");
    const family = await home.family();
    const { worker_id } = await home.worker(body.model);
    const stop = await home.rbee.rbee(["worker", "stop", worker_id]);
    assert.equal(stop.code, 0, stop.stderr);
    const end = await job.end;
    assert.ok(end.type === "error", JSON.stringify(end));
    assert.equal(end.message, "The worker was stopped: on request");
    await home.assertGone(family);
    const { state, pid, url, error } = await home.worker(body.model);
    assert.deepEqual({ state, pid, url, error }, {
      state: "stopped",
      pid: null,
      url: null,
      error: undefined,
    });
  }
  await home.end();
});

Deno.test("requests for one model at once have one worker, and all of them are answered", async () => {
  await using home = await SupervisedHome.up(enginesAsModels({ canned: fixtureEngine() }));
  for (const model of ["canned", "bee-tiny"]) {
    const spawn = { operation: "worker_spawn", model };
    const infer = { operation: "infer", model, prompt: "Once upon a time", max_tokens: 2 };
    const jobs = await Promise.all([spawn, infer, spawn, infer].map((body) => home.watch(body)));
    const ids = new Set<string>();
    for (const job of jobs) {
      const end = await job.end;
      assert.ok(end.type === "done", JSON.stringify(end));
      ids.add((end.result as { worker_id: string }).worker_id);
      assert.notDeepEqual(narrated(job.events, "hive", "worker_spawn"), []);
    }
    assert.equal(ids.size, 1, "each was given the same worker");
    assert.equal((await home.workers()).filter((worker) => worker.model === model).length, 1);
  }
  assert.equal((await home.family()).length, 2);
  await home.end();
});

Deno.test("workers started and stopped at the same moment end either way, and leave nothing", async () => {
  await using home = await SupervisedHome.up(enginesAsModels({
    canned: fixtureEngine("--load-ms", "20", "--forks", "1"),
  }));
  for (let round = 0; round < 6; round++) {
    const spawn = await home.watch({ operation: "worker_spawn", model: "canned" });
    const named = await spawn.seen((event) =>
      event.type === "narration" && event.fields?.["worker_id"] !== undefined
    );
    assert.ok(named.type === "narration");
    const worker_id = String(named.fields?.["worker_id"]);
    const ends = await Promise.all([
      home.run({ operation: "worker_stop", worker_id }),
      home.run({ operation: "worker_spawn", model: "canned" }),
      home.run({ operation: "worker_stop", worker_id }),
      spawn.end,
    ]);
    const [stop, other, again, first] = ends;
    assert.deepEqual([stop.type, again.type], ["done", "done"], JSON.stringify(ends));
    for (const end of [other, first]) {
      const stopped = end.type === "error" &&
        /^The worker was stopped: on request$/.test(end.message);
      assert.ok(end.type === "done" || stopped, JSON.stringify(end));
    }
    const listed = (await home.workers()).find((worker) => worker.worker_id === worker_id);
    assert.equal(listed?.state, "stopped");
  }
  const running = (await home.workers()).filter(({ state }) => state === "ready");
  const family = await home.family();
  assert.equal(family.length, 2 * running.length, JSON.stringify(family));
  await home.end();
});

Deno.test("a request waits for a worker that loads or comes back, whatever options that was started with", async () => {
  await using folder = await TemporaryFolder.make();
  const gated = await gatedEngine(folder);
  await using home = await SupervisedHome.up(enginesAsModels({
    loading: gated.engine,
    killed: fixtureEngine("--gate"),
  }));
  const spawn = await home.watch({ operation: "worker_spawn", model: "loading", parallel: 2 });
  await home.workerIs("loading", "starting");
  const early = await home.watch(ask("loading"));
  await early.said("worker_wait");
  await gated.open();
  await early.end;
  await spawn.end;

  const { pid, url } = await home.spawn("killed", { parallel: 2 });
  const inFlight = await home.watch(ask("killed"));
  await (await fetch(`${url}/control/requests?arrived=1`)).json();
  Deno.kill(pid!, "SIGKILL");
  const again = await home.workerIs("killed", "ready", ({ restarts }) => restarts === 1);
  await (await fetch(`${again.url}/control/release?count=2`, { method: "POST" })).json();
  await inFlight.end;

  const workers = (await home.workers()).map(({ model, restarts }) => `${model} ${restarts}`);
  assert.deepEqual(workers, ["killed 1", "loading 0"], "one worker was started for each");
  assert.equal((await early.saidBy("hive")).action, "worker_wait");
  await home.end();
});

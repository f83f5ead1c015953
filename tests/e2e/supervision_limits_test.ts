import assert from "node:assert/strict";
import {
  enginesAsModels,
  fixtureEngine,
  narrated,
  SupervisedHome,
} from "../helpers/supervised_home.ts";

const LAST_WORDS = "CUDA error: out of memory";

const ask = (model: string) => ({ operation: "infer", model, prompt: "Hello", max_tokens: 2 });

Deno.test("a worker that is not used is stopped, and started again by the next request", async () => {
  await using home = await SupervisedHome.up({
    ...enginesAsModels({ canned: fixtureEngine() }),
    hive: { idle: "1s" },
  });
  const ids = [];
  for (let round = 0; round < 2; round++) {
    const job = await home.watch(ask("canned"));
    const end = await job.end;
    assert.ok(end.type === "done", JSON.stringify(end));
    assert.equal(narrated(job.events, "hive", "worker_spawn").length, 3);
    const { worker_id } = end.result as { worker_id: string };
    ids.push(worker_id);
    await home.workerIs("canned", "stopped", (worker) => worker.worker_id === worker_id);
    assert.deepEqual(await home.family(), []);
    const log = await home.rbee.rbee(["worker", "logs", worker_id]);
    assert.match(log.stdout, /^Ended$/m);
  }
  assert.notEqual(ids[0], ids[1]);
  const hiveLog = await Deno.readTextFile(`${home.rbee.path}/state/hive.log`);
  const said = hiveLog.match(/Stopping the worker for canned: it was not used for 1 s/g);
  assert.equal(said?.length, 2, hiveLog);
  await home.end();
});

Deno.test("a pinned model is there with its hive and stays, whoever else needs room or time", async () => {
  const { engines, models } = enginesAsModels({ kept: fixtureEngine(), brief: fixtureEngine() });
  await using home = await SupervisedHome.up({
    engines,
    models: {
      kept: { ...models["kept"], preload: true, pin: true },
      brief: models["brief"],
      first: { engine: "brief", idle: "0" },
      second: { engine: "brief", idle: "0" },
    },
    hive: { idle: "1s", max_workers: 2 },
  });
  const kept = await home.workerIs("kept", "ready");
  assert.deepEqual((await home.workers()).map(({ model }) => model), ["kept"]);

  assert.equal((await home.run(ask("brief"))).type, "done");
  await home.workerIs("brief", "stopped");
  assert.equal((await home.run(ask("first"))).type, "done");
  const second = await home.watch(ask("second"));
  assert.equal((await second.end).type, "done", "the idle one makes room");
  await home.workerIs("first", "stopped");

  const { worker_id, pid, state, restarts } = await home.worker("kept");
  assert.deepEqual({ worker_id, pid, state, restarts }, {
    worker_id: kept.worker_id,
    pid: kept.pid,
    state: "ready",
    restarts: 0,
  });
  await home.end();
});

Deno.test("a request that has no room is refused with 503 and when to ask again, and exit status 1", async () => {
  await using home = await SupervisedHome.up({
    ...enginesAsModels({ gated: fixtureEngine("--gate") }),
    queen: { max_requests: 1, max_queue: 0 },
  });
  const { url } = await home.spawn("gated");
  const first = await home.watch(ask("gated"));
  await first.said("placement");
  const refused = await fetch(`${home.queen.baseUrl}/v1/jobs`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(ask("gated")),
  });
  assert.equal(refused.status, 503);
  assert.match(refused.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
  const { error } = await refused.json();
  assert.equal(error.code, "queue_full");
  const infer = await home.rbee.rbee(["infer", "gated", "Hello"]);
  assert.equal(infer.code, 1, infer.stderr);
  assert.equal(infer.stdout, "");
  assert.match(infer.stderr, /^Error: All .* busy .*; try again in \d+ s$/m);
  await fetch(`${url}/control/release?count=2`, { method: "POST" }).then((answer) => answer.json());
  assert.equal((await first.end).type, "done");
  assert.equal((await home.queen.list()).length, 2, "what was refused is no job");
  await home.end();
});

Deno.test("a request that waits for its turn is told its place in the queue", async () => {
  await using home = await SupervisedHome.up({
    engines: { gated: fixtureEngine("--gate") },
    models: { gated: { engine: "gated", parallel: 1 } },
  });
  const { url } = await home.spawn("gated");
  const jobs = [];
  for (let place = 0; place < 3; place++) {
    const job = await home.watch(ask("gated"));
    if (place === 0) {
      await fetch(`${url}/control/requests?arrived=1`).then((answer) => answer.json());
    } else await job.said("infer_wait", new RegExp(`place ${place} in the queue`));
    jobs.push(job);
  }
  await fetch(`${url}/control/release?count=6`, { method: "POST" }).then((answer) => answer.json());
  for (const job of jobs) assert.equal((await job.end).type, "done");
  const places = jobs.map((job) =>
    job.events.flatMap((event) =>
      event.type === "narration" && event.action === "infer_wait" ? [event.fields?.["place"]] : []
    )
  );
  assert.deepEqual(places, [[], [1], [2, 1]]);
  await home.end();
});

Deno.test("what cannot fit is refused with numbers, and an engine that runs out of memory says what to do", async () => {
  await using home = await SupervisedHome.up(enginesAsModels({
    loading: fixtureEngine("--die-loading", "--die-with", LAST_WORDS),
    answering: fixtureEngine("--die-after-tokens", "1", "--die-with", LAST_WORDS),
  }));
  const spawn = (...args: string[]) => home.rbee.rbee(["worker", "spawn", ...args]);
  const refused = await spawn("bee-tiny", "--context", "16000000");
  assert.equal(refused.code, 1, refused.stderr);
  assert.equal(refused.stdout, "");
  const sentence = /^Error: (.*)$/m.exec(refused.stderr)?.[1] ?? refused.stderr;
  assert.match(sentence, /bee-tiny.* \d[\d.]* [GT]B.* \d[\d.]* [MG]B.*--context/);
  const { state, pid, error } = await home.worker("bee-tiny");
  assert.deepEqual([state, pid, error?.code, error?.message], [
    "failed",
    null,
    "insufficient_memory",
    sentence,
  ]);
  assert.deepEqual(await home.family(), []);

  const died = await spawn("loading");
  assert.equal(died.code, 1, died.stderr);
  assert.match(
    died.stderr,
    /^Error: The worker for "loading" .*\(exit code 1\): memory ran out; stop another worker \(rbee worker list\), or take a smaller model or --context \("CUDA error: out of memory"\)/m,
  );
  const list = await home.rbee.rbee(["worker", "list"]);
  assert.ok(list.stdout.includes(`: ${sentence}\n`), list.stdout);
  assert.match(list.stdout, /^worker-\S+: The worker for "loading" .*: memory ran out; stop/m);

  const infer = await home.rbee.rbee(["infer", "answering", "Hello"]);
  assert.equal(infer.code, 1, infer.stderr);
  assert.match(
    infer.stderr,
    /^Error: The worker for "answering" .*: memory ran out; stop another/m,
  );
  await home.workerIs("answering", "ready", ({ restarts }) => restarts === 1);
  await home.end();
});

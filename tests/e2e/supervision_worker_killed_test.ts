import assert from "node:assert/strict";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import type { WorkerState } from "../../src/contracts/worker.ts";
import {
  enginesAsModels,
  fixtureEngine,
  narrated,
  SupervisedHome,
} from "../helpers/supervised_home.ts";

const KILLED = /ended unexpectedly \(signal SIGKILL\); see rbee worker logs worker-/;

/** An answer that goes on for longer than any test: the context of its worker is that long. */
const ENDLESS = {
  operation: "infer",
  model: "bee-tiny",
  prompt: "the ".repeat(800),
  max_tokens: 100_000,
  temperature: 0,
};

/** Halts a process, so that its worker stays in its state until it is killed. */
async function haltIn(home: SupervisedHome, state: WorkerState, pid: number): Promise<void> {
  Deno.kill(pid, "SIGSTOP");
  const [worker] = await home.workers();
  assert.equal(worker?.state, state);
  assert.equal(worker.pid, pid);
}

async function assertFailed(home: SupervisedHome, model: string, end: JobEvent): Promise<void> {
  assert.ok(end.type === "error", JSON.stringify(end));
  assert.equal(end.code, "worker_died");
  assert.match(end.message, new RegExp(`^The worker for "${model}" `));
  assert.match(end.message, KILLED);
  const { state, pid, url, error } = await home.worker(model);
  assert.deepEqual({ state, pid, url }, { state: "failed", pid: null, url: null });
  assert.equal(error?.message, end.message);
}

Deno.test("our own worker killed while it starts or loads is its job's error, and a failed worker", async () => {
  await using home = await SupervisedHome.up();
  for (const [state, action] of [["starting", "worker_spawn"], ["loading", "listening"]] as const) {
    const job = await home.watch({ operation: "worker_spawn", model: "bee-tiny" });
    await job.said(action, /started$|^Listening/);
    const started = await job.said("worker_spawn", /started$/);
    const pid = Number(started.fields?.["pid"]);
    await haltIn(home, state, pid);
    Deno.kill(pid, "SIGKILL");
    await assertFailed(home, "bee-tiny", await job.end);
  }
  const [loading, starting] = await home.workers();
  assert.notEqual(loading?.worker_id, starting?.worker_id, "each spawn has a worker of its own");
  assert.deepEqual((await home.family()).map(({ command }) => command), []);
  await home.end();
});

Deno.test("our own worker killed while it is ready, answers or stops comes back, or stays stopped", async () => {
  await using home = await SupervisedHome.up({
    models: { "bee-tiny": { context: 32_768, parallel: 1 } },
  });
  const { worker_id, pid } = await home.spawn("bee-tiny");
  const back = (restarts: number) =>
    home.workerIs("bee-tiny", "ready", (worker) => worker.restarts === restarts);

  Deno.kill(pid!, "SIGKILL");
  const first = await back(1);
  assert.equal(first.worker_id, worker_id, "it is the same worker");
  assert.notEqual(first.pid, pid);
  assert.equal(first.error, undefined, "what it died of is no news any more");

  const answering = await home.watch(ENDLESS);
  await answering.token();
  Deno.kill(first.pid!, "SIGKILL");
  const end = await answering.end;
  assert.ok(end.type === "error", JSON.stringify(end));
  assert.match(end.message, KILLED);
  const second = await back(2);
  assert.equal(second.worker_id, worker_id);

  const next = await home.watch({
    operation: "infer",
    model: "bee-tiny",
    messages: [{ role: "user", content: "Hello" }],
  });
  assert.equal((await next.end).type, "done");
  assert.notEqual(next.text, "");

  const said = await home.logLines(worker_id);
  const deaths = said.filter((line) => KILLED.test(line));
  assert.equal(deaths.length, 2, said.join("\n"));
  for (const count of [1, 2]) {
    const again = new RegExp(`^Starting the worker for bee-tiny again in .*\\(${count} of 5 `);
    assert.equal(said.filter((line) => again.test(line)).length, 1, said.join("\n"));
  }

  Deno.kill(second.pid!, "SIGSTOP");
  const running = home.rbee.start(["infer", "bee-tiny", "Hello"]);
  await running.line(/placement/);
  Deno.kill(second.pid!, "SIGKILL");
  const { code, stdout, stderr } = await running.result;
  assert.equal(code, 0, stderr);
  assert.notEqual(stdout.trim(), "");
  assert.match(stderr, /\[queen {5}\] retry/);
  const third = await back(3);

  Deno.kill(third.pid!, "SIGSTOP");
  const stop = await home.watch({ operation: "worker_stop", worker_id });
  await home.workerIs("bee-tiny", "stopping");
  Deno.kill(third.pid!, "SIGKILL");
  assert.equal((await stop.end).type, "done");
  const { state, restarts } = await home.worker("bee-tiny");
  assert.deepEqual({ state, restarts }, { state: "stopped", restarts: 3 });
  assert.deepEqual(await home.family(), []);
  await home.end();
});

Deno.test("an external engine killed in each of its states is treated like our own worker", async () => {
  await using home = await SupervisedHome.up(enginesAsModels({
    slow: fixtureEngine("--load-ms", "600000", "--forks", "2"),
    gated: fixtureEngine("--gate", "--forks", "2"),
    stubborn: fixtureEngine("--ignore-sigterm", "--forks", "2", "--fork-daemon"),
  }));
  const loading = await home.watch({ operation: "worker_spawn", model: "slow" });
  await loading.seen((event) => event.type === "log" && /loading model/.test(event.line));
  Deno.kill((await home.workerIs("slow", "loading")).pid!, "SIGKILL");
  await assertFailed(home, "slow", await loading.end);

  const { worker_id, pid } = await home.spawn("gated");
  Deno.kill(pid!, "SIGKILL");
  const again = await home.workerIs("gated", "ready", ({ restarts }) => restarts === 1);
  assert.equal(again.worker_id, worker_id);

  const answering = await home.watch({ operation: "infer", model: "gated", prompt: "Hello" });
  await control(again.url, "release");
  await answering.token();
  Deno.kill(again.pid!, "SIGKILL");
  const end = await answering.end;
  assert.ok(end.type === "error", JSON.stringify(end));
  assert.match(end.message, /^The worker for "gated" ended unexpectedly \(signal SIGKILL\)/);
  assert.equal(answering.text, "The", "what was answered before stays");
  const third = await home.workerIs("gated", "ready", ({ restarts }) => restarts === 2);

  const body = { operation: "infer", model: "gated", prompt: "Hello", max_tokens: 3 };
  const unanswered = await home.watch(body);
  await control(third.url, "requests?arrived=1");
  Deno.kill(third.pid!, "SIGKILL");
  const fourth = await home.workerIs("gated", "ready", ({ restarts }) => restarts === 3);
  assert.equal(fourth.worker_id, worker_id);
  await control(fourth.url, "release?count=3");
  const answered = await unanswered.end;
  assert.equal(answered.type, "done", JSON.stringify(answered));
  assert.equal(unanswered.text, "The bee flies");
  const [retry, ...others] = narrated(unanswered.events, "queen", "retry");
  assert.match(retry?.human ?? "", /^Trying once more: The worker for "gated" .*SIGKILL/);
  assert.deepEqual(others, [], "once");

  const stubborn = await home.spawn("stubborn");
  const stop = await home.watch({ operation: "worker_stop", worker_id: stubborn.worker_id });
  await home.workerIs("stubborn", "stopping");
  Deno.kill(stubborn.pid!, "SIGKILL");
  assert.equal((await stop.end).type, "done");
  assert.equal((await home.worker("stubborn")).state, "stopped");

  const rest = await home.family();
  const alive = await home.worker("gated");
  assert.equal(rest.length, 3, "one engine is left, with what it has started");
  assert.ok(rest.some((each) => each.pid === alive.pid));
  await home.end();
});

/** Asks the fixture engine for something that no client of it can see. */
async function control(url: string | null, path: string): Promise<unknown> {
  const method = path.startsWith("requests") ? "GET" : "POST";
  return await (await fetch(`${url}/control/${path}`, { method })).json();
}

import assert from "node:assert/strict";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import { workerListSchema } from "../../src/contracts/worker.ts";
import { JobClient } from "../../src/jobs/job_client.ts";
import { requestJson } from "../../src/http/api_client.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";
import { enginesAsModels, fixtureEngine } from "../helpers/supervised_home.ts";

const LONG = {
  operation: "infer",
  model: "bee-tiny",
  // The demo model goes on for 81 tokens here, always the same ones.
  prompt: "bee, bee, bee, bee, bee, bee, bee, bee,",
  temperature: 0,
};

/** A model whose worker goes on loading. */
const NEVER_READY = enginesAsModels({ never: fixtureEngine("--hang") });

async function startLongJob(url: string) {
  const client = new JobClient(url, { patienceMs: 20_000 });
  const { job_id } = await client.submit(LONG);
  return { client, job_id };
}

/**
 * A worker that needs most of a second for each token, so that no answer ends by itself while a test
 * looks: more threads than cores spend their time waiting for each other.
 */
async function spawnSlowWorker(home: RbeeHome): Promise<void> {
  const hive = new JobClient((await home.daemon("hive")).url);
  const threads = navigator.hardwareConcurrency * 2;
  const end = await hive.submitAndStream(
    { operation: "worker_spawn", model: "bee-tiny", parallel: 1, threads },
    () => {},
  );
  assert.equal(end.type, "done", JSON.stringify(end));
}

async function workersOf(url: string) {
  return (await requestJson(`${url}/v1/workers`, { schema: workerListSchema })).workers;
}

async function lastEvent(events: AsyncIterable<JobEvent>): Promise<JobEvent> {
  let last: JobEvent | undefined;
  for await (const event of events) last = event;
  return last!;
}

Deno.test("a worker killed while it loads ends the job with one clear error and no process", async () => {
  await using home = await RbeeHome.create();
  assert.equal((await home.rbee(["up"])).code, 0);
  const { url } = await home.daemon("queen");
  const { client, job_id } = await startLongJob(url);
  let end: JobEvent | undefined;
  for await (const event of client.stream(job_id)) {
    end = event;
    if (event.type !== "narration") continue;
    const pid = /^Worker process (\d+) started$/.exec(event.human)?.[1];
    if (pid !== undefined) Deno.kill(Number(pid), "SIGKILL");
  }
  assert.ok(end?.type === "error", JSON.stringify(end));
  assert.equal(end.code, "worker_died");
  assert.match(end.message, /bee-tiny.*SIGKILL/);
  const [worker] = await workersOf(url);
  assert.equal(worker?.state, "failed");
  assert.equal(worker?.error?.code, "worker_died");
});

Deno.test("a worker killed while it answers ends the job with its reason", async () => {
  await using home = await RbeeHome.create();
  assert.equal((await home.rbee(["up"])).code, 0);
  const { url } = await home.daemon("queen");
  await spawnSlowWorker(home);
  const [worker] = await workersOf(url);
  const { client, job_id } = await startLongJob(url);
  let end: JobEvent | undefined;
  for await (const event of client.stream(job_id)) {
    end = event;
    if (event.type === "token" && event.i === 0) Deno.kill(worker!.pid!, "SIGKILL");
  }
  assert.ok(end?.type === "error", JSON.stringify(end));
  assert.match(end.message, /ended unexpectedly.*SIGKILL/);
  const after = await home.rbee(["run", "-q", "bee-tiny", "Hello", "--max-tokens", "1"]);
  assert.equal(after.code, 0, "the next request gets a new process");
});

Deno.test("a job cancelled while it answers ends at once, and its worker is free for the next", async () => {
  await using home = await RbeeHome.create();
  assert.equal((await home.rbee(["up"])).code, 0);
  const { url } = await home.daemon("queen");
  await spawnSlowWorker(home);
  const { client, job_id } = await startLongJob(url);
  let end: JobEvent | undefined;
  let tokens = 0;
  for await (const event of client.stream(job_id)) {
    end = event;
    if (event.type === "token" && tokens++ === 0) await client.cancel(job_id);
  }
  assert.equal(end?.type, "cancelled");
  assert.ok(tokens < 81, `${tokens} tokens came`);
  const [worker] = await workersOf(url);
  const { jobs } = JSON.parse((await home.rbee(["job", "list", "--json"])).stdout);
  assert.equal(jobs[0].state, "cancelled");
  const atWorker = new JobClient(
    `${(await home.daemon("hive")).url}/v1/workers/${worker!.worker_id}/proxy`,
  );
  assert.deepEqual((await atWorker.list()).map(({ state }) => state), ["cancelled"]);
  const next = await home.rbee(["run", "-q", "bee-tiny", "Hello", "--max-tokens", "1"]);
  assert.equal(next.code, 0, "its slot is free for the next");
});

Deno.test("Ctrl-C cancels the job first and exits with 130", async () => {
  await using home = await RbeeHome.create();
  await home.configure(NEVER_READY);
  assert.equal((await home.rbee(["up"])).code, 0);
  const { url } = await home.daemon("queen");
  const running = home.start(["run", "never", "Tell me a story about Luna."]);
  await running.line(/worker_spawn {3}: Worker process/);
  running.signal("SIGINT");
  const { code, stderr } = await running.result;
  assert.equal(code, 130, stderr);
  assert.match(stderr, /\[keeper {4}\] cancel/);
  const [job] = await new JobClient(url).list();
  assert.equal(job?.state, "cancelled");
  const workers = await workersOf(url);
  assert.ok(workers.every(({ state }) => state === "stopped"), JSON.stringify(workers));
});

Deno.test("rbee job cancel ends a job, and rbee job watch shows it to its end", async () => {
  await using home = await RbeeHome.create();
  assert.equal((await home.rbee(["up"])).code, 0);
  await spawnSlowWorker(home);
  const { url } = await home.daemon("queen");
  const { job_id } = await startLongJob(url);
  const watch = home.start(["job", "watch", job_id]);
  await watch.line(/placement {6}: Chose/);
  const cancel = await home.rbee(["job", "cancel", job_id]);
  assert.equal(cancel.code, 0, cancel.stderr);
  const { code, stderr } = await watch.result;
  assert.equal(code, 1, stderr);
  assert.match(stderr, /The job was cancelled/);
  const again = await home.rbee(["job", "cancel", job_id]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /has already ended \(cancelled\)/);
});

Deno.test("a hive killed with SIGKILL takes its workers with it", async () => {
  await using home = await RbeeHome.create();
  assert.equal((await home.rbee(["run", "-q", "bee-tiny", "Hello"])).code, 0);
  const hive = await home.daemon("hive");
  const { url } = await home.daemon("queen");
  const [worker] = await workersOf(url);
  const log = new JobClient(`${hive.url}/v1/workers/${worker!.worker_id}/proxy`);
  assert.deepEqual(await log.list(), await log.list(), "the worker answers through its hive");
  const gone = untilGone(worker!.pid!);
  Deno.kill(hive.pid, "SIGKILL");
  await gone;
  const status = await home.rbee(["status"]);
  assert.equal(status.code, 3);
  assert.match(status.stdout, /unreachable/);
  const infer = await home.rbee(["infer", "bee-tiny", "Hello"]);
  assert.equal(infer.code, 3);
  assert.match(infer.stderr, /Error: Cannot place the request.*rbee up/);
  const run = await home.rbee(["run", "-q", "bee-tiny", "Hello"]);
  assert.equal(run.code, 0, "run starts the hive again");
});

Deno.test("a queen killed in the middle is never taken for the end of the job", async () => {
  await using home = await RbeeHome.create();
  assert.equal((await home.rbee(["up"])).code, 0);
  await spawnSlowWorker(home);
  const queen = await home.daemon("queen");
  const client = new JobClient(queen.url, { patienceMs: 0 });
  const { job_id } = await client.submit(LONG);
  await assert.rejects(
    lastEvent((async function* () {
      for await (const event of client.stream(job_id)) {
        if (event.type === "token" && event.i === 0) Deno.kill(queen.pid, "SIGKILL");
        yield event;
      }
    })()),
    { code: "connection_lost" },
  );
});

Deno.test("a port that is taken is named, and nothing is left running", async () => {
  await using home = await RbeeHome.create();
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const env = { RBEE_QUEEN_PORT: String(other.addr.port) };
  const { code, stderr } = await home.rbee(["up"], { env });
  assert.equal(code, 1, stderr);
  assert.match(stderr, new RegExp(`Error: The queen did not start: Port ${other.addr.port} on `));
  assert.deepEqual(home.processes(), []);
});

Deno.test("what is wrong with a model is one sentence with the next step", async () => {
  await using home = await RbeeHome.create();
  const junk = `${home.path}/junk.gguf`;
  await Deno.writeTextFile(junk, "this is no model");
  const cases: [string[], number, RegExp][] = [
    [["run", junk, "Hello"], 1, /^Error: ".*junk\.gguf" is not a GGUF file.*download/m],
    [["run", "no-such-model", "Hello"], 1, /^Error: Cannot find the model "no-such-model"; name/m],
    [
      ["run", "./missing.gguf", "Hello"],
      1,
      /^Error: Cannot find the model file ".*missing\.gguf"/m,
    ],
    [["run", "bee-tiny", "x".repeat(3000)], 1, /^Error: The prompt has \d+ tokens.*shorten/m],
    [["run", "bee-tiny", "Hello", "--hive", "gpu"], 3, /^Error: .*there is no hive "gpu"/m],
    [
      ["run", "bee-tiny", "Hello", "--device", "cuda:7"],
      1,
      /^Error: Cannot use the device "cuda:7"/m,
    ],
  ];
  for (const [args, status, sentence] of cases) {
    const { code, stdout, stderr } = await home.rbee(args);
    assert.equal(code, status, stderr);
    assert.equal(stdout, "");
    assert.match(stderr, sentence);
    assert.doesNotMatch(stderr, /^\s+at /m, "no stack trace");
  }
});

Deno.test("wrong usage exits with 2 before anything is started", async () => {
  await using home = await RbeeHome.create();
  for (
    const args of [
      ["run"],
      ["frobnicate"],
      ["run", "bee-tiny", "Hello", "--temperature", "7"],
      ["run", "bee-tiny", "Hello", "--max-tokens", "many"],
      ["run", "bee-tiny", ""],
      ["infer", "bee-tiny", "Hello", "--queen", "not a url"],
      ["serve", "--role", "drone"],
      ["serve", "--role", "worker"],
      ["job", "list", "--state", "asleep"],
    ]
  ) {
    const { code, stdout, stderr } = await home.rbee(args);
    assert.equal(code, 2, `${args.join(" ")}: ${stdout}${stderr}`);
    assert.match(stdout + stderr, /\S/);
  }
  assert.deepEqual(home.processes(), []);
});

Deno.test("without a queen, status, infer and job list exit with 3 and say what to type", async () => {
  await using home = await RbeeHome.create();
  for (const args of [["status"], ["infer", "bee-tiny", "Hello"], ["job", "list"]]) {
    const { code, stdout, stderr } = await home.rbee(args);
    assert.equal(code, 3, stderr);
    assert.match(stdout + stderr, /No queen is running; start one with rbee up/);
  }
  const down = await home.rbee(["down"]);
  assert.equal(down.code, 0, "stopping what is not running is fine");
});

Deno.test("rbee run reads its prompt from standard input, and --json prints one event a line", async () => {
  await using home = await RbeeHome.create();
  const { code, stdout, stderr } = await home.rbee(["run", "bee-tiny", "--json", "--seed", "1"], {
    stdin: "Count to five.\n",
  });
  assert.equal(code, 0, stderr);
  const events = stdout.trimEnd().split("\n").map((line) => JSON.parse(line) as JobEvent);
  assert.equal(events.at(-1)?.type, "done");
  assert.ok(events.some(({ type }) => type === "token"));
  const quiet = await home.rbee(["run", "-q", "bee-tiny", "Count to five."]);
  assert.equal(quiet.stderr, "");
  assert.notEqual(quiet.stdout, "");
});

/** Resolves when a process that is not our child has ended. */
async function untilGone(pid: number): Promise<void> {
  // The kernel closes what a process holds when it ends: tail watches the pid for us.
  const tail = new Deno.Command("tail", { args: ["--pid", String(pid), "-f", "/dev/null"] });
  await tail.output();
}

Deno.test("an answer that cannot be written is no success", async () => {
  await using home = await RbeeHome.create();
  const shell = new Deno.Command("/bin/sh", {
    args: ["-c", '"$@" >/dev/full', "sh", ...home.command(["run", "-q", "bee-tiny", "Hello"])],
    env: home.env,
    stderr: "piped",
  });
  const { code, stderr } = await shell.output();
  assert.equal(code, 1);
  assert.match(new TextDecoder().decode(stderr), /^Error: Cannot write to standard output: /m);
});

Deno.test("Ctrl-C ends a command that reads its prompt", async () => {
  await using home = await RbeeHome.create();
  const running = home.start(["run", "-v", "bee-tiny"], { stdin: "open" });
  await running.line(/prompt_wait/);
  running.signal("SIGINT");
  assert.equal((await running.result).code, 130);
  assert.deepEqual(home.processes(), [], "nothing was started for it");
});

Deno.test("rbee down waits for what is being started, and stops it", async () => {
  await using home = await RbeeHome.create();
  const up = home.start(["up"]);
  await up.line(/queen_start/);
  const down = await home.rbee(["down"]);
  assert.equal(down.code, 0, down.stderr);
  await up.result;
  await home.rbee(["down"]);
  assert.deepEqual(home.processes(), []);
});

Deno.test("what is broken in a home is one sentence, and rbee down works all the same", async () => {
  await using home = await RbeeHome.create();
  assert.equal((await home.rbee(["up"])).code, 0);
  await Deno.mkdir(`${home.path}/config`, { recursive: true });
  await Deno.writeTextFile(`${home.path}/config/rbee.yaml`, "quen: {}\n");
  const run = await home.rbee(["run", "bee-tiny", "Hello"]);
  assert.equal(run.code, 1);
  assert.match(
    run.stderr,
    /^Error: .*rbee\.yaml, line 1, column 1: "quen" is not a known key \(did you mean "queen"\?\); mend it, then rbee config check$/m,
  );
  assert.equal((await home.rbee(["down"])).code, 0);
  await Deno.remove(`${home.path}/config/rbee.yaml`);
  await Deno.remove(`${home.path}/state/queen.lock`);
  await Deno.mkdir(`${home.path}/state/queen.lock`);
  const up = await home.rbee(["up"]);
  assert.equal(up.code, 1);
  assert.match(up.stderr, /^Error: Cannot write .*queen\.lock: .*; set RBEE_HOME/m);
  await Deno.remove(`${home.path}/state/queen.lock`);
});

Deno.test("an engine that does not exist is refused by its name", async () => {
  await using home = await RbeeHome.create();
  assert.equal((await home.rbee(["up", "-q"])).code, 0);
  const { code, stderr } = await home.rbee(["worker", "spawn", "bee-tiny", "--engine", "vllm"]);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^Error: There is no engine "vllm" \(known: llama\); add it under engines in rbee\.yaml$/m,
  );
});

Deno.test("a Ctrl-C that arrives twice at once, as deno task makes it, still cancels the job", async () => {
  await using home = await RbeeHome.create();
  await home.configure(NEVER_READY);
  assert.equal((await home.rbee(["up", "-q"])).code, 0);
  const { url } = await home.daemon("queen");
  const running = home.start(["run", "never", "Tell me a story about Luna."]);
  await running.line(/worker_spawn {3}: Worker process/);
  running.signal("SIGINT");
  running.signal("SIGINT");
  assert.equal((await running.result).code, 130);
  const [job] = await new JobClient(url).list();
  assert.equal(job?.state, "cancelled");
});

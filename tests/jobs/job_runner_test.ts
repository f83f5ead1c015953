import assert from "node:assert/strict";
import { unlessAborted } from "../../src/base/delay.ts";
import { RbeeError } from "../../src/base/rbee_error.ts";
import type { NarrationRecord } from "../../src/contracts/narration_record.ts";
import { emitData, emitToken } from "../../src/jobs/emit.ts";
import { Job, type JobResult } from "../../src/jobs/job.ts";
import { newJobId } from "../../src/jobs/job_id.ts";
import { type JobLimit, runJob } from "../../src/jobs/job_runner.ts";
import { narrationContext, narrationMode } from "../../src/narration/context.ts";
import { narrate } from "../../src/narration/narrate.ts";
import { addNarrationSink } from "../../src/narration/narration_sink.ts";
import { Gates } from "../helpers/gates.ts";
import { logEvents } from "../helpers/log_events.ts";

const NO_LIMIT: JobLimit = { kind: "total", ms: 60_000 };
const NOTHING: JobResult = { result: null };

function newJob(operation = "x"): Job {
  return new Job({ id: newJobId(), operation, correlationId: crypto.randomUUID() });
}

function untilAborted(job: Job): Promise<never> {
  return unlessAborted(new Promise<never>(() => {}), job.signal);
}

/** What a job's events say: the action of narration, else the type. */
function outline(job: Job): string[] {
  return logEvents(job.log).map((event) => event.type === "narration" ? event.action : event.type);
}

Deno.test("runJob() ends a job whose body returns as done, with its result", async () => {
  const job = newJob();
  const usage = { prompt_tokens: 1, completion_tokens: 2 };
  await runJob(job, () => Promise.resolve({ result: [1], usage, finish_reason: "stop" }), NO_LIMIT);
  assert.equal(job.state, "done");
  assert.deepEqual(job.view().result, [1]);
  const [event] = logEvents(job.log);
  assert.ok(event?.type === "done");
  assert.deepEqual(event.usage, usage);
  assert.equal(event.finish_reason, "stop");
});

Deno.test("runJob() ends a job whose body throws as an internal error", async () => {
  const job = newJob();
  await runJob(job, () => Promise.reject(new TypeError("no wheel")), NO_LIMIT);
  assert.equal(job.state, "error");
  assert.deepEqual(job.view().error, {
    code: "internal",
    message: "Internal error: no wheel",
  });
});

Deno.test("runJob() ends a job whose body throws before its first await", async () => {
  const job = newJob();
  await runJob(
    job,
    () => {
      throw new RbeeError("model_not_found", "No such model");
    },
    NO_LIMIT,
  );
  assert.equal(job.view().error?.code, "model_not_found");
  assert.deepEqual(outline(job), ["error"]);
});

Deno.test("runJob() keeps code, message and details of an RbeeError", async () => {
  const job = newJob();
  const error = new RbeeError("worker_gone", "The worker ended", { details: { status: 137 } });
  await runJob(job, () => Promise.reject(error), NO_LIMIT);
  assert.deepEqual(job.view().error, {
    code: "worker_gone",
    message: "The worker ended",
    details: { status: 137 },
  });
});

Deno.test("runJob() fails a job whose result is not JSON, and does not reject", async () => {
  const job = newJob();
  await runJob(job, () => Promise.resolve({ result: 1n as unknown as number }), NO_LIMIT);
  assert.equal(job.state, "error");
  assert.equal(job.view().error?.code, "internal");
  assert.deepEqual(outline(job), ["error"]);
});

Deno.test("runJob() cancels a job when its body has let go, with the reason", async () => {
  const job = newJob();
  const gates = new Gates();
  const running = runJob(job, async () => {
    try {
      gates.pass("begun");
      return await untilAborted(job);
    } finally {
      await gates.pass("cleanup");
      narrate("cleanup", "Letting go of everything");
    }
  }, NO_LIMIT);
  await gates.reached("begun");
  job.cancel("not wanted");
  await gates.reached("cleanup");
  assert.equal(job.state, "running");
  assert.deepEqual(outline(job), []);
  gates.open("cleanup");
  await running;
  assert.equal(job.state, "cancelled");
  assert.deepEqual(outline(job), ["cleanup", "cancelled"]);
  const last = logEvents(job.log).at(-1);
  assert.ok(last?.type === "cancelled");
  assert.equal(last.reason, "not wanted");
});

Deno.test("runJob() cancels a job whose body answers the abort with an error of its own", async () => {
  const job = newJob();
  const running = runJob(
    job,
    () => untilAborted(job).catch(() => Promise.reject(new Error("the socket was closed"))),
    NO_LIMIT,
  );
  job.cancel("not wanted");
  await running;
  assert.equal(job.state, "cancelled");
  assert.equal(job.view().error, undefined);
});

Deno.test("runJob() never starts a job that was cancelled while it was queued", async () => {
  const job = newJob();
  job.cancel("too late");
  let started = false;
  await runJob(job, () => {
    started = true;
    return Promise.resolve(NOTHING);
  }, NO_LIMIT);
  assert.equal(started, false);
  assert.equal(job.state, "cancelled");
  assert.deepEqual(outline(job), ["cancelled"]);
});

Deno.test("runJob() ends a job that takes longer than its total limit and says the limit", async () => {
  const job = newJob("infer");
  await runJob(job, () => untilAborted(job), { kind: "total", ms: 100 });
  assert.deepEqual(job.view().error, {
    code: "timeout",
    message: 'The operation "infer" took longer than its limit of 0.1 s; it was cancelled',
  });
  assert.deepEqual(outline(job), ["error"]);
});

Deno.test("runJob() ends a job at its total limit though it progresses", async () => {
  const job = newJob();
  const timer = setInterval(() => job.log.append({ type: "token", text: "", i: 0 }), 1);
  await runJob(job, () => untilAborted(job), { kind: "total", ms: 50 });
  clearInterval(timer);
  assert.equal(job.view().error?.code, "timeout");
});

Deno.test("runJob() ends a job that makes no progress and says the limit", async () => {
  const job = newJob("model_download");
  await runJob(job, () => untilAborted(job), { kind: "stall", ms: 50 });
  assert.deepEqual(job.view().error, {
    code: "timeout",
    message:
      'The operation "model_download" made no progress for 0.1 s, its limit; it was cancelled',
  });
});

Deno.test("runJob() lets a job go on past its stall limit as long as it progresses", async () => {
  const job = newJob();
  const ms = 400;
  const startedMs = performance.now();
  await runJob(job, () =>
    new Promise((resolve) => {
      const timer = setInterval(() => {
        emitToken("", 0);
        if (performance.now() - startedMs < 2 * ms) return;
        clearInterval(timer);
        resolve(NOTHING);
      }, 1);
    }), { kind: "stall", ms });
  assert.equal(job.state, "done");
  assert.equal(job.signal.aborted, false);
});

Deno.test("runJob() waits for the body of a job that has met its limit", async () => {
  const job = newJob();
  const gates = new Gates();
  const running = runJob(job, async () => {
    await untilAborted(job).catch(() => gates.pass("cleanup"));
    throw job.signal.reason;
  }, { kind: "total", ms: 5 });
  await gates.reached("cleanup");
  assert.equal(job.state, "running");
  gates.open("cleanup");
  await running;
  assert.equal(job.view().error?.code, "timeout");
});

Deno.test("runJob() tells the limit though the body answers the abort with an error of its own", async () => {
  const job = newJob();
  await runJob(
    job,
    () => untilAborted(job).catch(() => Promise.reject(new Error("the socket was closed"))),
    { kind: "total", ms: 5 },
  );
  assert.equal(job.view().error?.code, "timeout");
});

Deno.test("runJob() leaves no timer of its limit behind", async () => {
  const job = newJob();
  await runJob(job, () => Promise.resolve(NOTHING), { kind: "stall", ms: 3_600_000 });
  assert.equal(job.state, "done");
});

Deno.test("runJob() keeps narration, tokens and data in the order in which they were said", async () => {
  const job = newJob();
  await runJob(job, async () => {
    narrate("begin", "Beginning");
    emitToken("a", 0);
    await Promise.resolve();
    narrate("middle", "Half of it", { progress: { current: 1, total: 2, unit: "tokens" } });
    emitToken("b", 1);
    emitData("note", { n: 1 });
    setTimeout(() => narrate("timer", "From a timer"), 0);
    await new Promise((resolve) => setTimeout(resolve, 0));
    narrate("end", "Ending");
    return NOTHING;
  }, NO_LIMIT);
  assert.deepEqual(
    outline(job),
    ["begin", "token", "middle", "token", "data", "timer", "end", "done"],
  );
});

Deno.test("runJob() gives narration the ids of its job", async () => {
  const job = newJob();
  await runJob(job, () => {
    assert.deepEqual(narrationMode(), { mode: "job", jobId: job.id });
    narrate("begin", "Beginning", { level: "warn", fields: { model: "bee-tiny" } });
    return Promise.resolve(NOTHING);
  }, NO_LIMIT);
  const [event] = logEvents(job.log);
  assert.ok(event?.type === "narration");
  assert.deepEqual(event, {
    type: "narration",
    seq: 1,
    at: event.at,
    actor: event.actor,
    action: "begin",
    human: "Beginning",
    level: "warn",
    job_id: job.id,
    correlation_id: job.correlationId,
    fields: { model: "bee-tiny" },
    formatted: `[${event.actor.padEnd(10)}] begin          : Beginning`,
  });
});

Deno.test("runJob() leaves no context behind", async () => {
  const job = newJob();
  await runJob(job, () => Promise.resolve(NOTHING), NO_LIMIT);
  assert.deepEqual(narrationContext(), {});
  narrate("after", "Outside of any job");
  assert.deepEqual(outline(job), ["done"]);
});

Deno.test("job flow with context", async () => {
  const gates = new Gates();
  const secrets = ["alpha-7f3a", "omega-c21b"];
  const jobs = secrets.map(() => newJob());
  const running = jobs.map((job, n) =>
    runJob(job, async () => {
      const secret = secrets[n]!;
      narrate("first", `First ${secret}`);
      await gates.pass(`first ${n}`);
      narrate("second", `Second ${secret}`, { fields: { secret } });
      emitToken(secret, 0);
      const told = Promise.withResolvers<void>();
      setTimeout(() => {
        narrate("timer", `Timer ${secret}`);
        told.resolve();
      }, 0);
      queueMicrotask(() => narrate("microtask", `Microtask ${secret}`));
      await told.promise;
      await new ReadableStream({
        pull(controller) {
          narrate("stream", `Stream ${secret}`);
          controller.close();
        },
      }, { highWaterMark: 0 }).pipeTo(new WritableStream());
      await gates.pass(`second ${n}`);
      emitData("secret", secret);
      return { result: secret };
    }, NO_LIMIT)
  );
  await Promise.all([gates.reached("first 0"), gates.reached("first 1")]);
  narrate("outside", "Said by nobody's job");
  gates.open("first 1");
  gates.open("first 0");
  await Promise.all([gates.reached("second 0"), gates.reached("second 1")]);
  gates.open("second 0");
  gates.open("second 1");
  await Promise.all(running);
  jobs.forEach((job, n) => {
    assert.deepEqual(outline(job), [
      "first",
      "second",
      "token",
      "microtask",
      "timer",
      "stream",
      "data",
      "done",
    ]);
    for (const event of logEvents(job.log)) {
      const text = JSON.stringify(event);
      assert.ok(text.includes(secrets[n]!), `an event without its secret: ${text}`);
      assert.ok(!text.includes(secrets[1 - n]!), `an event of the other job: ${text}`);
      if (event.type === "narration") assert.equal(event.job_id, job.id);
    }
  });
});

Deno.test("runJob() keeps many jobs at once apart", async () => {
  const jobs = Array.from({ length: 50 }, () => newJob());
  await Promise.all(jobs.map((job, n) =>
    runJob(job, async () => {
      for (let i = 0; i < 20; i++) {
        narrate("step", `job ${n} step ${i}`);
        await new Promise((resolve) => setTimeout(resolve, 0));
        emitToken(`job ${n}`, i);
      }
      return { result: n };
    }, NO_LIMIT)
  ));
  jobs.forEach((job, n) => {
    const texts = logEvents(job.log).map((event) =>
      event.type === "narration" ? event.human : event.type === "token" ? event.text : event.type
    );
    const expected = Array.from({ length: 20 }, (_, i) => [`job ${n} step ${i}`, `job ${n}`]);
    assert.deepEqual(texts, [...expected.flat(), "done"]);
  });
});

Deno.test("narrate() after the job has ended reaches the output and not the job", async () => {
  const job = newJob();
  const gates = new Gates();
  const said: NarrationRecord[] = [];
  const remove = addNarrationSink({ write: (record) => void said.push(record) });
  let late: Promise<void> | undefined;
  try {
    await runJob(job, () => {
      late = gates.pass("late").then(() => narrate("late", "Said after the end"));
      return Promise.resolve(NOTHING);
    }, NO_LIMIT);
    gates.open("late");
    await late;
  } finally {
    remove();
  }
  assert.deepEqual(said.map(({ action, job_id }) => ({ action, job_id })), [
    { action: "late", job_id: job.id },
  ]);
  assert.deepEqual(outline(job), ["done"]);
  assert.equal(job.log.lastSeq, 1);
});

Deno.test("emitToken() after the job has ended is a defect and writes nowhere", async () => {
  const job = newJob();
  const gates = new Gates();
  let late: Promise<void> | undefined;
  await runJob(job, () => {
    late = gates.pass("late").then(() => emitToken("too late", 0));
    return Promise.resolve(NOTHING);
  }, NO_LIMIT);
  gates.open("late");
  await assert.rejects(late!, { code: "internal", message: /no job/ });
  assert.deepEqual(outline(job), ["done"]);
});

Deno.test("narrate() with an explicit job id reaches that job and not the context's", async () => {
  const gates = new Gates();
  const other = newJob();
  const otherRuns = runJob(other, () => gates.pass("other").then(() => NOTHING), NO_LIMIT);
  const job = newJob();
  await runJob(job, () => {
    narrate("errand", "For the other job", { jobId: other.id });
    narrate("nowhere", "For no job at all", { jobId: newJobId() });
    return Promise.resolve(NOTHING);
  }, NO_LIMIT);
  gates.open("other");
  await otherRuns;
  assert.deepEqual(outline(other), ["errand", "done"]);
  assert.deepEqual(outline(job), ["done"]);
});

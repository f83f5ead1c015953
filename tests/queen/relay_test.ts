import assert from "node:assert/strict";
import { z } from "zod";
import type { JobEvent, NarrationEvent } from "../../src/contracts/job_event.ts";
import { CancelRequest, type Job } from "../../src/jobs/job.ts";
import { JobClient, type OperationBody } from "../../src/jobs/job_client.ts";
import { operation } from "../../src/jobs/operation_handler.ts";
import { startRoleServer } from "../../src/jobs/role_server.ts";
import { narrate } from "../../src/narration/narrate.ts";
import { relay, type RelayOptions } from "../../src/queen/relay.ts";
import { startCuttableProxy } from "../helpers/cuttable_proxy.ts";
import { type LocalJob, startLocalJob } from "../helpers/local_job.ts";
import { startTestRole } from "../helpers/test_role.ts";

const NAME = 'hive "attic"';
const STORY = { operation: "story", words: ["once", " upon", " a", " time"] };
const LONG_AGO = "2020-02-29T23:59:59.999Z";

/** Relays one operation of another role as a job of this process. */
function relayed(
  url: string,
  body: OperationBody,
  onAnswer?: RelayOptions["onAnswer"],
  patience: Pick<RelayOptions, "patienceMs" | "whyLost" | "lostPatienceMs"> = {},
): LocalJob {
  return startLocalJob(async (job) => {
    const options = { name: NAME, ...(onAnswer && { onAnswer }), ...patience };
    const end = await relay(url, body, job, options);
    const { result, usage, finish_reason } = end;
    return { result, ...(usage && { usage }), ...(finish_reason && { finish_reason }) };
  });
}

function narrationsOf(events: readonly JobEvent[]): NarrationEvent[] {
  return events.filter((event): event is NarrationEvent => event.type === "narration");
}

/** Resolves when the job here has an event that says so much. */
async function hasSaid(job: Job, what: string): Promise<void> {
  for await (const event of job.log.cursor().events()) {
    if (event.type === "narration" ? event.action === what : event.type === what) return;
  }
  assert.fail(`the job ended without ${what}`);
}

/** The one job that a role was given. */
async function onlyJob(client: JobClient) {
  const jobs = await client.list();
  assert.equal(jobs.length, 1);
  return jobs[0]!;
}

Deno.test("relay() brings every event over in order, with places of this job", async () => {
  await using role = startTestRole();
  const parts: string[] = [];
  const { job, ended } = relayed(role.url, STORY, (part) => parts.push(part));
  const events = await ended;
  assert.deepEqual(
    events.map((event) => event.type === "narration" ? event.action : event.type),
    ["story_begin", "token", "token", "token", "token", "story_end", "done"],
  );
  assert.deepEqual(events.map((event) => event.type === "gap" ? 0 : event.seq), [
    1,
    2,
    3,
    4,
    5,
    6,
    7,
  ]);
  assert.deepEqual(
    events.flatMap((event) => event.type === "token" ? [[event.i, event.text]] : []),
    STORY.words.map((word, i) => [i, word]),
  );
  assert.deepEqual(parts, ["token", "token", "token", "token"]);
  assert.equal(job.view().state, "done");
});

Deno.test("relay() gives narration this job's id and tie and keeps the rest", async () => {
  const server = startRoleServer({
    role: "hive",
    host: "127.0.0.1",
    port: 0,
    handlers: {
      speak: operation(
        z.strictObject({ operation: z.literal("speak") }),
        { kind: "total", ms: 60_000 },
        (_, job: Job) => {
          job.log.append({
            type: "narration",
            at: LONG_AGO,
            actor: "worker:attic-1",
            action: "model_load",
            human: "Half of it",
            level: "warn",
            job_id: "job-of-another",
            correlation_id: "tie-of-another",
            fields: { nested: { list: [1, null] } },
            progress: { current: 1, total: 2, unit: "percent" },
            formatted: "[worker:attic-1] model_load     : Half of it",
          });
          job.log.append({
            type: "log",
            at: LONG_AGO,
            actor: "worker",
            stream: "stderr",
            line: "a line",
            truncated: true,
          });
          job.log.append({ type: "data", at: LONG_AGO, name: "facts", value: [1] });
          narrate("quiet", "Said in debug", { level: "debug" });
          return Promise.resolve({ result: "spoken" });
        },
      ),
    },
  });
  try {
    // One event before, so that the places here and there differ.
    const { job, ended } = startLocalJob(async (running) => {
      narrate("before", "Before");
      const end = await relay(server.url, { operation: "speak" }, running, { name: NAME });
      return { result: end.result };
    });
    const [, speech, line, data, quiet, end] = await ended;
    assert.deepEqual(speech, {
      type: "narration",
      seq: 2,
      at: LONG_AGO,
      actor: "worker:attic-1",
      action: "model_load",
      human: "Half of it",
      level: "warn",
      job_id: job.id,
      correlation_id: job.correlationId,
      fields: { nested: { list: [1, null] } },
      progress: { current: 1, total: 2, unit: "percent" },
      formatted: "[worker:attic-1] model_load     : Half of it",
    });
    assert.deepEqual(line, {
      type: "log",
      seq: 3,
      at: LONG_AGO,
      actor: "worker",
      stream: "stderr",
      line: "a line",
      truncated: true,
    });
    assert.deepEqual(data, { type: "data", seq: 4, at: LONG_AGO, name: "facts", value: [1] });
    assert.ok(quiet?.type === "narration");
    assert.equal(quiet.level, "debug");
    assert.ok(end?.type === "done");
    assert.equal(end.result, "spoken");
  } finally {
    await server.close();
  }
});

Deno.test("relay() consumes the terminal event and gives it back with usage and reason", async () => {
  await using role = startTestRole();
  const { ended } = relayed(role.url, STORY);
  const events = await ended;
  assert.equal(events.filter(({ type }) => type === "done").length, 1);
  const end = events.at(-1);
  assert.ok(end?.type === "done");
  assert.deepEqual([end.result, end.usage, end.finish_reason], [
    { words: 4 },
    { prompt_tokens: 1, completion_tokens: 4 },
    "stop",
  ]);
});

Deno.test("relay() ties the job there to this one", async () => {
  await using role = startTestRole();
  const { job, ended } = relayed(role.url, STORY);
  await ended;
  const other = await onlyJob(role.client);
  assert.equal(other.correlation_id, job.correlationId);
  assert.notEqual(other.job_id, job.id);
});

Deno.test("relay() rebuilds the error that the other job ended with", async () => {
  await using role = startTestRole();
  const { ended } = relayed(role.url, { operation: "fail", code: "model_not_found" });
  const events = await ended;
  assert.equal(events.length, 1, "the error was copied as well");
  const [end] = events;
  assert.ok(end?.type === "error");
  assert.deepEqual([end.code, end.message, end.details], [
    "model_not_found",
    "Cannot find the wheel",
    { wheel: 4 },
  ]);
});

Deno.test("relay() rebuilds the error of a submit that is refused", async () => {
  await using role = startTestRole();
  const [end] = await relayed(role.url, { operation: "story", words: "once" }).ended;
  assert.ok(end?.type === "error");
  assert.equal(end.code, "invalid_request");
  assert.deepEqual(end.details, { field: "words" });
  const [unknown] = await relayed(role.url, { operation: "dance" }).ended;
  assert.ok(unknown?.type === "error");
  assert.equal(unknown.code, "unknown_operation");
});

Deno.test("relay() tells that nobody answers a submit when its patience is over", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${listener.addr.port}`;
  listener.close();
  const [end] = await relayed(url, STORY, undefined, { patienceMs: 0 }).ended;
  assert.ok(end?.type === "error");
  assert.deepEqual([end.code, end.message], [
    "unreachable",
    `Cannot reach ${url}: connection refused`,
  ]);
});

Deno.test("relay() waits for a role that is out of reach when it submits, and submits once", async () => {
  await using role = startTestRole();
  await using proxy = startCuttableProxy(role.url);
  proxy.breakDown();
  const { job, ended } = relayed(proxy.url, STORY);
  await hasSaid(job, "reconnect");
  proxy.restore();
  const events = await ended;
  assert.equal(events.at(-1)?.type, "done");
  assert.equal(events.filter(({ type }) => type === "token").length, 4);
  await onlyJob(role.client);
});

Deno.test("relay() takes up a stream again after several attempts, and says each change once", async () => {
  await using role = startTestRole();
  await using proxy = startCuttableProxy(role.url);
  const { job, ended } = relayed(proxy.url, { operation: "whisper", secret: "honey", gate: "w" });
  await hasSaid(job, "whisper_first");
  proxy.breakDown();
  for (let attempt = 1; attempt <= 4; attempt++) await proxy.nextConnection();
  role.gates.open("w 1");
  role.gates.open("w 2");
  proxy.restore();
  const events = await ended;
  assert.equal(events.at(-1)?.type, "done");
  assert.equal(events.filter(({ type }) => type === "token").length, 1);
  const said = events.flatMap((event) =>
    event.type === "narration" && event.action === "reconnect" ? [event.human] : []
  );
  assert.equal(said.length, 2, said.join("; "));
  assert.match(said[0]!, /^Lost .+, trying again: Cannot reach /);
  assert.match(said[1]!, /^Reached .+ again$/);
});

Deno.test("relay() gives up on who will not come back by itself before its patience is over, with the reason", async () => {
  await using role = startTestRole();
  await using proxy = startCuttableProxy(role.url);
  const whyLost = () => "it has ended; start it with rbee up";
  const { job, ended } = relayed(
    proxy.url,
    { operation: "whisper", secret: "honey", gate: "w" },
    undefined,
    { whyLost, lostPatienceMs: 200 },
  );
  await hasSaid(job, "whisper_first");
  proxy.breakDown();
  const events = await ended;
  const waits = narrationsOf(events).filter(({ action }) => action === "hive_wait");
  assert.deepEqual(waits.map(({ human }) => human), [
    'Waiting 0 s for hive "attic": it has ended; start it with rbee up',
  ]);
  const end = events.at(-1);
  assert.ok(end?.type === "error");
  assert.deepEqual([end.code, end.message], [
    "hive_unreachable",
    'hive "attic" is lost: it has ended; start it with rbee up',
  ]);
});

Deno.test("relay() goes on with who was lost and has come back meanwhile", async () => {
  await using role = startTestRole();
  await using proxy = startCuttableProxy(role.url);
  let asked = 0;
  // Lost, and then one that may come back.
  const whyLost = () => asked++ % 2 === 0 ? "it has ended" : undefined;
  const { job, ended } = relayed(
    proxy.url,
    { operation: "whisper", secret: "honey", gate: "w" },
    undefined,
    { whyLost, lostPatienceMs: 1 },
  );
  await hasSaid(job, "whisper_first");
  proxy.breakDown();
  for (let attempt = 1; attempt <= 4; attempt++) await proxy.nextConnection();
  role.gates.open("w 1");
  role.gates.open("w 2");
  proxy.restore();
  assert.equal((await ended).at(-1)?.type, "done");
  assert.ok(asked >= 4, `asked ${asked} times`);
});

Deno.test("relay() cancels the job there when this one is cancelled, and waits until it has let go", async () => {
  await using role = startTestRole();
  const { job, ended } = relayed(role.url, { operation: "hold", gate: "g", cleanup: "c" });
  await role.gates.reached("g");
  job.cancel("the person has left");
  await role.gates.reached("c");
  assert.equal((await onlyJob(role.client)).state, "running");
  assert.equal(job.state, "running", "this job did not wait");
  role.gates.open("c");
  const events = await ended;
  assert.equal((await onlyJob(role.client)).state, "cancelled");
  const end = events.at(-1);
  assert.ok(end?.type === "cancelled");
  assert.equal(end.reason, "the person has left");
  // What it said while it let go is here too.
  assert.deepEqual(narrationsOf(events).map(({ action }) => action), ["hold", "let_go"]);
});

Deno.test("relay() submits nothing for a job that is already cancelled", async () => {
  await using role = startTestRole();
  const { job, ended } = startLocalJob(async (running) => {
    running.cancel("too late");
    return { result: (await relay(role.url, STORY, running, { name: NAME })).result };
  });
  assert.equal((await ended).at(-1)?.type, "cancelled");
  assert.ok(job.signal.reason instanceof CancelRequest);
  assert.deepEqual(await role.client.list(), []);
});

Deno.test("relay() fails the job here when the one there is cancelled by somebody else", async () => {
  await using role = startTestRole();
  const { ended } = relayed(role.url, { operation: "hold", gate: "g" });
  await role.gates.reached("g");
  await role.client.cancel((await onlyJob(role.client)).job_id);
  const end = (await ended).at(-1);
  assert.ok(end?.type === "error");
  assert.deepEqual([end.code, end.message], [
    "cancelled_elsewhere",
    'hive "attic" cancelled the work: on request',
  ]);
});

Deno.test("relay() makes a gap into a narration that counts it", async () => {
  await using role = startTestRole();
  const lines = 6000;
  // More than a log keeps, written at once: no reader can follow.
  const { job, ended } = relayed(role.url, { operation: "flood", lines, length: 1000 });
  await role.gates.reached("flood");
  role.gates.open("flood");
  const events = await ended;
  assert.equal(events.at(-1)?.type, "done");
  const gaps = narrationsOf(events).filter(({ action }) => action === "gap");
  assert.ok(gaps.length > 0, "nothing was lost");
  let lost = 0;
  for (const { human, level, job_id } of gaps) {
    const [, count] = /^(\d+) events of hive "attic" were lost$/.exec(human) ?? assert.fail(human);
    assert.deepEqual([level, job_id], ["warn", job.id]);
    lost += Number(count);
  }
  const lastSeq = (await onlyJob(role.client)).last_seq;
  assert.equal(lastSeq, lines + 1);
  assert.ok(lost < lines);
});

Deno.test("relay() takes a broken connection up again, says so, and brings each event once", async () => {
  await using role = startTestRole();
  await using proxy = startCuttableProxy(role.url);
  const { job, ended } = relayed(proxy.url, { operation: "whisper", secret: "honey", gate: "w" });
  await hasSaid(job, "whisper_first");
  proxy.cut();
  role.gates.open("w 1");
  await hasSaid(job, "token");
  proxy.cut();
  role.gates.open("w 2");
  const events = await ended;
  assert.equal(events.at(-1)?.type, "done");
  const said = narrationsOf(events);
  assert.deepEqual(
    said.filter(({ action }) => action !== "reconnect").map(({ action }) => action),
    ["whisper_first", "whisper_second"],
  );
  assert.equal(events.filter(({ type }) => type === "token").length, 1);
  assert.equal(events.filter(({ type }) => type === "data").length, 1);
  const reconnect = said.find(({ action }) => action === "reconnect");
  assert.equal(reconnect?.level, "warn");
  assert.match(reconnect?.human ?? "", /^Lost hive "attic", trying again: /);
});

Deno.test("relay() of two jobs at once brings each the events of its own alone", async () => {
  await using role = startTestRole();
  const jobs = ["honey", "nectar"].map((secret) => ({
    secret,
    ...relayed(role.url, { operation: "whisper", secret, gate: secret }),
  }));
  for (const { secret } of jobs) await role.gates.reached(`${secret} 1`);
  role.gates.openAll();
  for (const { secret, ended } of jobs) {
    const text = JSON.stringify(await ended);
    const other = secret === "honey" ? "nectar" : "honey";
    assert.ok(text.includes(secret) && !text.includes(other), text);
  }
});

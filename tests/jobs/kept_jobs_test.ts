import assert from "node:assert/strict";
import type { RbeeYaml } from "../../src/config/rbee_yaml.ts";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import { newJobId } from "../../src/jobs/job_id.ts";
import { JobRegistry } from "../../src/jobs/job_registry.ts";
import { startCuttableProxy } from "../helpers/cuttable_proxy.ts";
import { JobClient } from "../../src/jobs/job_client.ts";
import { jsonOf, parseFrames } from "../helpers/event_frames.ts";
import { askFile, JournalFolder, rawText, rowsOf } from "../helpers/journal_folder.ts";
import { doneRecord, linesSegment, range, segmentOf } from "../helpers/journal_segments.ts";
import { KeptRole } from "../helpers/kept_role.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { startTestRole } from "../helpers/test_role.ts";

const STORY = { operation: "story", words: ["Once", " upon", " a time"] };
const HOLD = { operation: "hold", gate: "g" };

/** Has a job wait at its gate, with what it said so far on disk. */
async function holdJob(role: KeptRole): Promise<string> {
  const { job_id } = await role.client.submit(HOLD);
  await role.gates.reached("g");
  await role.kept.journal.flush();
  return job_id;
}

/** Opens what a role that is killed now leaves behind. */
async function afterCrash(
  folder: JournalFolder,
  journal: Partial<RbeeYaml["journal"]> = {},
): Promise<KeptRole> {
  return new KeptRole(await folder.crashCopy(), { journal });
}

const idsOf = (stream: string) => parseFrames(stream).map(({ id }) => Number(id));

Deno.test("Ended jobs are served after a restart with the same bytes, in both dialects", async () => {
  await using folder = await JournalFolder.make();
  const before = new Map<string, { typed: string; text: string; view: unknown }>();
  {
    await using role = new KeptRole(folder.path);
    const cancelled = await role.client.submit(HOLD);
    await role.client.cancel(cancelled.job_id);
    const ids = [
      cancelled.job_id,
      await role.run(STORY),
      await role.run({ operation: "fail", code: "wheel_missing" }),
      await role.run({ operation: "fail" }),
      await role.run({ operation: "data", value: { nested: ["\u0000\n\n"] } }),
    ];
    for (const id of ids) {
      before.set(id, {
        typed: await role.stream(id),
        text: await role.stream(id, "?format=text"),
        view: await role.client.get(id),
      });
    }
  }
  await using role = new KeptRole(folder.path);
  assert.deepEqual(role.kept.orphans, []);
  for (const [id, { typed, text, view }] of before) {
    assert.equal(await role.stream(id), typed);
    assert.equal(await role.stream(id, "?format=text"), text);
    assert.deepEqual(await role.client.get(id), view);
    const ids = idsOf(typed);
    for (const after of ids) {
      assert.deepEqual(idsOf(await role.stream(id, `?after=${after}`)), ids.slice(after));
    }
  }
  const listed = (await role.client.list()).map(({ job_id }) => job_id);
  assert.deepEqual(listed, [...before.keys()].reverse());
});

Deno.test("A job that ran when its process died keeps its events and ends as interrupted", async () => {
  await using folder = await JournalFolder.make();
  await using died = new KeptRole(folder.path);
  const id = await holdJob(died);
  const [first] = parseFrames(await partOf(died, id));
  await using role = await afterCrash(folder);
  const frames = parseFrames(await role.stream(id));
  assert.deepEqual(frames.map(({ id, event }) => [id, event]), [["1", "narration"], [
    "2",
    "error",
  ]]);
  assert.deepEqual(frames[0], first);
  const end = jsonOf(frames[1]);
  assert.equal(end.code, "interrupted");
  assert.match(String(end.message), new RegExp(`${id}.*submit it again`));
  const view = await role.client.get(id);
  assert.equal(view.state, "error");
  assert.equal(view.error?.code, "interrupted");
  assert.equal(view.last_seq, 2);
  assert.notEqual(view.finished_at, null);
  await assert.rejects(role.client.cancel(id), { code: "job_already_ended" });
});

/** The first bytes of the stream of a job that does not end. */
async function partOf(role: KeptRole, jobId: string): Promise<string> {
  const leave = new AbortController();
  for await (const _ of role.client.stream(jobId, { signal: leave.signal })) break;
  const cursor = role.kept.registry.get(jobId).log.cursor();
  return new TextDecoder().decode(cursor.read());
}

Deno.test("A job that was queued when its process died ends as interrupted", async () => {
  await using folder = await JournalFolder.make();
  const journal = folder.open();
  const { job } = new JobRegistry({ journal }).create({ operation: "infer" });
  await journal.flush();
  await using role = await afterCrash(folder);
  const [end, ...others] = parseFrames(await role.stream(job.id));
  assert.deepEqual(others, []);
  assert.equal(end?.id, "1");
  assert.equal(jsonOf(end).code, "interrupted");
  assert.equal((await role.client.get(job.id)).started_at, null);
});

Deno.test("A job that ended as interrupted is the same after the next restarts", async () => {
  await using folder = await JournalFolder.make();
  await using died = new KeptRole(folder.path);
  const id = await holdJob(died);
  const copy = await folder.crashCopy();
  const read = async () => {
    await using role = new KeptRole(copy);
    return [await role.stream(id), await role.client.get(id)];
  };
  const first = await read();
  assert.deepEqual(await read(), first);
  assert.deepEqual(await read(), first);
});

Deno.test("A cursor past what a crash left gets the end alone, and before it what is missing", async () => {
  await using folder = await JournalFolder.make();
  await using died = new KeptRole(folder.path);
  const id = await holdJob(died);
  await using role = await afterCrash(folder);
  for (const [given, ids] of [["0", [1, 2]], ["1", [2]], ["2", [2]], ["90", [2]]] as const) {
    const stream = await role.stream(id, "", { "Last-Event-ID": given });
    assert.deepEqual(idsOf(stream), ids, `after ${given}`);
  }
});

Deno.test("A job that ended before the restart refuses a cursor past its end, whatever its size", async () => {
  await using folder = await JournalFolder.make();
  let id: string;
  {
    await using role = new KeptRole(folder.path);
    id = await role.run(STORY);
  }
  await using role = new KeptRole(folder.path);
  for (const given of ["7", "99999999999999999999", "-1", "1e3", "0x1"]) {
    const response = await fetch(`${role.url}/v1/jobs/${id}/stream`, {
      headers: { "Last-Event-ID": given },
    });
    assert.equal(response.status, 400, given);
    assert.equal((await response.json()).error.code, "invalid_cursor");
  }
  assert.equal(await role.stream(id, "?after=6"), "retry: 1000\n\n");
});

Deno.test("A client that was connected resumes at the process that starts next and sees the end", async () => {
  await using folder = await JournalFolder.make();
  await using died = new KeptRole(folder.path);
  await using proxy = startCuttableProxy(died.url);
  const id = await holdJob(died);
  let losses = 0;
  const client = new JobClient(proxy.url, { onReconnect: () => void losses++ });
  const events: JobEvent[] = [];
  for await (const event of client.stream(id)) {
    events.push(event);
    if (events.length > 1) continue;
    const role = await afterCrash(folder);
    queueMicrotask(() => {
      proxy.retarget(role.url);
      proxy.cut();
    });
    // It is closed when the stream has been read.
    folder.defer(role);
  }
  assert.deepEqual(events.map((event) => event.type === "gap" ? 0 : event.seq), [1, 2]);
  const end = events.at(-1);
  assert.ok(end?.type === "error");
  assert.equal(end.code, "interrupted");
  assert.ok(losses >= 1);
});

Deno.test("A client that has seen what the crash lost gets the end once, though its number is old", async () => {
  await using folder = await JournalFolder.make();
  await using died = new KeptRole(folder.path);
  const id = await holdJob(died);
  await using role = await afterCrash(folder);
  const events = await Array.fromAsync(role.client.stream(id, { after: 57 }));
  assert.deepEqual(events.map(({ type }) => type), ["error"]);
});

Deno.test("A repeated submit after a restart finds the job that there was", async () => {
  await using folder = await JournalFolder.make();
  const jobId = newJobId();
  {
    await using role = new KeptRole(folder.path);
    await role.client.submit(STORY, { jobId });
    await role.kept.registry.get(jobId).ended;
  }
  await using role = new KeptRole(folder.path);
  assert.equal((await role.client.submit(STORY, { jobId })).job_id, jobId);
  assert.equal((await role.client.list()).length, 1);
  assert.equal((await role.client.get(jobId)).state, "done");
});

Deno.test("Jobs elsewhere of an interrupted job are cancelled on a real role, and no others", async () => {
  await using folder = await JournalFolder.make();
  await using other = startTestRole();
  await using died = new KeptRole(folder.path);
  const own = await other.client.submit(HOLD);
  const foreign = await other.client.submit(HOLD);
  const finished = await other.client.submit(HOLD);
  const id = await holdJob(died);
  const job = died.kept.registry.get(id);
  job.delegate({ url: other.url, job_id: own.job_id });
  const forget = job.delegate({ url: other.url, job_id: finished.job_id });
  forget();
  job.delegate({ url: "http://127.0.0.1:1", job_id: newJobId() });
  await died.kept.journal.flush();
  using told = new RecordedNarration();
  await using role = await afterCrash(folder);
  assert.deepEqual(role.kept.orphans.map(({ job_id }) => job_id).slice(0, 1), [own.job_id]);
  await role.cancelled;
  await other.server.registry.get(own.job_id).ended;
  assert.equal((await other.client.get(own.job_id)).state, "cancelled");
  assert.equal((await other.client.get(foreign.job_id)).state, "running");
  assert.equal((await other.client.get(finished.job_id)).state, "running");
  const tries = told.records.filter(({ action }) => action === "orphan_cancel");
  assert.deepEqual(tries.map(({ level }) => level).sort(), ["debug", "info"]);
  assert.equal((await role.client.get(id)).state, "error");
});

Deno.test("Jobs elsewhere of a job that has ended are left alone", async () => {
  await using folder = await JournalFolder.make();
  {
    await using role = new KeptRole(folder.path);
    const { job_id } = await role.client.submit(HOLD);
    const job = role.kept.registry.get(job_id);
    job.delegate({ url: "http://127.0.0.1:1", job_id: newJobId() });
    role.gates.open("g");
    await job.ended;
  }
  await using role = new KeptRole(folder.path);
  assert.deepEqual(role.kept.orphans, []);
});

Deno.test("keep_completions: false leaves no token on disk, and a gap for them after a restart", async () => {
  await using folder = await JournalFolder.make();
  const story = { operation: "story", words: ["honeysecret", "waxsecret"] };
  let id: string;
  {
    await using role = new KeptRole(folder.path, { journal: { keep_completions: false } });
    id = await role.run(story);
    const frames = parseFrames(await role.stream(id));
    assert.equal(frames.filter(({ event }) => event === "token").length, 2, "memory has them");
    await role.kept.journal.flush();
    assert.doesNotMatch(rawText(folder.path), /honeysecret|waxsecret/);
  }
  assert.match(rawText(folder.path), /story_begin/, "the file is looked into");
  assert.doesNotMatch(rawText(folder.path), /honeysecret|waxsecret/);
  await using role = new KeptRole(folder.path, { journal: { keep_completions: false } });
  const frames = parseFrames(await role.stream(id));
  assert.deepEqual(frames.map(({ id, event }) => [id, event]), [
    ["1", "narration"],
    ["3", "gap"],
    ["4", "narration"],
    ["5", "done"],
  ]);
  assert.deepEqual(jsonOf(frames[1]), { from: 2, to: 3 });
  const client = await Array.fromAsync(role.client.stream(id));
  assert.deepEqual(client.map(({ type }) => type), ["narration", "gap", "narration", "done"]);
});

for (const [operation, answer] of [["infer", "tool_calls"], ["embed", "embeddings"]] as const) {
  Deno.test(`keep_completions: false leaves no ${answer} of ${operation} on disk, and tells who answered`, async () => {
    await using folder = await JournalFolder.make();
    const journal = { keep_completions: false };
    const by = { model: "bee-tiny", hive: "local", worker_id: "worker-1" };
    const usage = { prompt_tokens: 3, completion_tokens: 0 };
    let id: string;
    {
      await using role = new KeptRole(folder.path, { journal });
      const { job } = role.kept.registry.create({ operation });
      id = job.id;
      job.start();
      job.log.append({ type: "log", actor: "hive", stream: "stdout", line: "combs are built" });
      job.log.append({ type: "data", name: "tool_calls", value: [{ name: "honeysecret" }] });
      job.finishDone({ result: { ...by, embeddings: [[0.87654321]], text: "waxsecret" }, usage });
      assert.match(await role.stream(id), /honeysecret.*waxsecret/s, "memory has them");
    }
    assert.match(rawText(folder.path), /combs are built/, "the file is looked into");
    assert.doesNotMatch(rawText(folder.path), /honeysecret|waxsecret|0\.87654321/);
    await using role = new KeptRole(folder.path, { journal });
    const [, gap, done, ...others] = parseFrames(await role.stream(id));
    assert.deepEqual(jsonOf(gap), { from: 2, to: 2 });
    assert.deepEqual([done?.id, done?.event, others], ["3", "done", []]);
    const { result, usage: kept } = jsonOf(done) as { result: unknown; usage: unknown };
    assert.deepEqual([result, kept], [by, usage]);
    assert.deepEqual((await role.client.get(id)).result, by);
  });
}

Deno.test("keep_completions: false keeps the data and the results of jobs that answer nobody", async () => {
  await using folder = await JournalFolder.make();
  const journal = { keep_completions: false };
  let id: string;
  let typed: string;
  {
    await using role = new KeptRole(folder.path, { journal });
    id = await role.run({ operation: "data", value: { missing: ["a"] } });
    typed = await role.stream(id);
  }
  await using role = new KeptRole(folder.path, { journal });
  assert.equal(await role.stream(id), typed);
});

Deno.test("What a job was asked is never in its file", async () => {
  await using folder = await JournalFolder.make();
  await using role = new KeptRole(folder.path);
  // The one field of a request that the operation `whisper` neither says nor returns is its gate.
  role.gates.openAll();
  await role.run({ operation: "whisper", secret: "said", gate: "promptsecret" });
  await role.kept.journal.flush();
  assert.match(rawText(folder.path), /First said/);
  assert.doesNotMatch(rawText(folder.path), /promptsecret/);
});

Deno.test("Past max_jobs the oldest jobs go, from the file too", async () => {
  await using folder = await JournalFolder.make();
  await using role = new KeptRole(folder.path, { journal: { max_jobs: 3 } });
  const ids: string[] = [];
  for (const _ of range(1, 6)) ids.push(await role.run(STORY));
  await role.kept.journal.flush();
  assert.deepEqual((await role.client.list()).map(({ job_id }) => job_id), ids.slice(3).reverse());
  assert.deepEqual(ids.map((id) => rowsOf(folder.path, id)), [0, 0, 0, 1, 1, 1]);
  assert.equal(askFile(folder.path, "SELECT job_id FROM jobs").length, 3);
  await assert.rejects(role.client.get(ids[0]!), { code: "job_expired" });
});

Deno.test("Past max_mib the oldest jobs go, from the file too", async () => {
  await using folder = await JournalFolder.make();
  await using role = new KeptRole(folder.path, { journal: { max_mib: 1 } });
  role.gates.open("flood");
  const flood = { operation: "flood", lines: 10, length: 30_000 };
  const ids: string[] = [];
  for (const _ of range(1, 6)) {
    ids.push(await role.run(flood));
    await role.kept.journal.flush();
  }
  await role.client.list();
  await role.kept.journal.flush();
  assert.deepEqual((await role.client.list()).map(({ job_id }) => job_id), ids.slice(3).reverse());
  assert.deepEqual(ids.map((id) => rowsOf(folder.path, id) > 0), [
    ...[false, false, false],
    ...[true, true, true],
  ]);
});

Deno.test("Past max_age_hours jobs go by the time of their end, also those from before a restart", async () => {
  await using folder = await JournalFolder.make();
  const first = folder.open();
  const dayMs = 24 * 3_600_000;
  const ago = (days: number) => new Date(Date.now() - days * dayMs).toISOString();
  const ids = range(1, 3).map(() => newJobId());
  // The job that was made first ended last.
  for (const [n, days] of [1, 9, 8].entries()) {
    const record = doneRecord(ids[n]!, 3);
    record.job.finished_at = ago(days);
    first.saveJob(record);
    first.append(ids[n]!, linesSegment(1, 3));
  }
  await first.close();
  await using role = new KeptRole(folder.path);
  assert.deepEqual((await role.client.list()).map(({ job_id }) => job_id), [ids[0]]);
  await role.kept.journal.flush();
  assert.deepEqual(ids.map((id) => rowsOf(folder.path, id)), [1, 0, 0]);
});

Deno.test("After a restart the job that ended first is the first to go, not the one made first", async () => {
  await using folder = await JournalFolder.make();
  const first = folder.open();
  const [madeFirst, endedFirst] = [newJobId(), newJobId()];
  for (const [id, secondsAgo] of [[madeFirst, 1], [endedFirst, 2]] as const) {
    const record = doneRecord(id, 0);
    record.job.finished_at = new Date(Date.now() - secondsAgo * 1000).toISOString();
    first.saveJob(record);
  }
  await first.close();
  await using role = new KeptRole(folder.path, { journal: { max_jobs: 2 } });
  assert.equal((await role.client.list()).length, 2);
  const last = await role.run(STORY);
  assert.deepEqual((await role.client.list()).map(({ job_id }) => job_id), [last, madeFirst]);
});

Deno.test("Past max_job_mib a job loses its oldest events, and its readers are told", async () => {
  await using folder = await JournalFolder.make();
  let id: string;
  {
    await using role = new KeptRole(folder.path, { journal: { max_job_mib: 1 } });
    role.gates.open("flood");
    id = await role.run({ operation: "flood", lines: 200, length: 60_000 });
    await role.kept.journal.flush();
  }
  await using role = new KeptRole(folder.path, { journal: { max_job_mib: 1 } });
  const [gap, ...others] = parseFrames(await role.stream(id));
  assert.equal(gap?.event, "gap");
  const { from, to } = jsonOf(gap) as { from: number; to: number };
  assert.equal(from, 1);
  assert.ok(to > 170 && to < 195, `the gap ends at ${to}`);
  assert.deepEqual(others.map(({ id }) => Number(id)), range(to + 1, 201));
  assert.equal(others.at(-1)?.event, "done");
});

for (
  const [name, body, type] of [
    ["done", STORY, "done"],
    ["error", { operation: "fail", code: "wheel_missing" }, "error"],
    ["cancelled", HOLD, "cancelled"],
  ] as const
) {
  Deno.test(`A job whose events are lost still ends as ${name} for every reader`, async () => {
    await using folder = await JournalFolder.make();
    let id: string;
    let before: JobEvent[];
    {
      await using role = new KeptRole(folder.path);
      ({ job_id: id } = await role.client.submit(body));
      if (body === HOLD) await role.client.cancel(id);
      before = await Array.fromAsync(role.client.stream(id));
    }
    askFile(folder.path, "DELETE FROM segments");
    await using role = new KeptRole(folder.path);
    const events = await Array.fromAsync(role.client.stream(id));
    const last = before.length;
    const [gap, end] = last === 1 ? [undefined, events[0]] : events;
    assert.deepEqual(gap, last === 1 ? undefined : { type: "gap", from: 1, to: last - 1 });
    assert.ok(end?.type === type);
    assert.equal(end.seq, last);
    const was = before.at(-1);
    if (end.type === "done") assert.deepEqual(end.result, was?.type === "done" && was.result);
    if (end.type === "error") assert.deepEqual({ ...end, at: "" }, { ...was, at: "" });
    assert.equal(idsOf(await role.stream(id, `?after=${last}`)).length, 0);
  });
}

Deno.test("A job whose process died between its end and the record of it has ended as it did", async () => {
  await using folder = await JournalFolder.make();
  const record = doneRecord(newJobId(), 2);
  const running = {
    ...record,
    job: { ...record.job, state: "running" as const, finished_at: null, last_seq: 0 },
  };
  const { job_id } = record.job;
  {
    await using role = new KeptRole(folder.path);
    role.kept.journal.saveJob(running);
    role.kept.journal.append(
      job_id,
      segmentOf(1, [
        { type: "token", text: "one", i: 0 },
        { type: "done", at: new Date().toISOString(), result: "all of it" },
      ]),
    );
  }
  await using role = new KeptRole(folder.path);
  const view = await role.client.get(job_id);
  assert.deepEqual([view.state, view.result, view.last_seq], ["done", "all of it", 2]);
  const stream = parseFrames(await role.stream(job_id));
  assert.deepEqual(stream.map(({ event }) => event), ["token", "done"]);
});

Deno.test("What was kept once is 410 after a restart, too, and its id cannot be used again", async () => {
  await using folder = await JournalFolder.make();
  const journal = { max_jobs: 2 };
  const ids: string[] = [];
  {
    await using role = new KeptRole(folder.path, { journal });
    for (let n = 0; n < 4; n++) ids.push(await role.run(STORY));
    await assert.rejects(role.client.get(ids[0]!), { code: "job_expired" });
    await assert.rejects(role.client.submit(STORY, { jobId: ids[0]! }), { code: "job_expired" });
  }
  await using role = new KeptRole(folder.path, { journal });
  await assert.rejects(role.client.get(ids[0]!), { code: "job_expired" });
  await assert.rejects(role.client.submit(STORY, { jobId: ids[0]! }), { code: "job_expired" });
  assert.equal((await role.client.get(ids[3]!)).state, "done");
  await assert.rejects(role.client.get(newJobId()), { code: "job_not_found" });
});

Deno.test("Records that cannot be read are dropped, and that is said", async () => {
  await using folder = await JournalFolder.make();
  let id: string;
  {
    await using role = new KeptRole(folder.path);
    id = await role.run(STORY);
  }
  askFile(folder.path, "UPDATE jobs SET record = '{' RETURNING job_id");
  using told = new RecordedNarration();
  await using role = new KeptRole(folder.path);
  assert.match(
    told.records.map(({ human }) => human).join("\n"),
    /^1 jobs in the journal .* cannot be read/m,
  );
  await assert.rejects(role.client.get(id), { code: "job_not_found" });
});

Deno.test("A job that a restart has interrupted is not counted among those that have not ended", async () => {
  await using folder = await JournalFolder.make();
  await using before = new KeptRole(folder.path);
  await holdJob(before);
  assert.equal(before.kept.registry.activeOf(undefined), 1);
  await using after = await afterCrash(folder);
  assert.equal(after.kept.registry.list().length, 1);
  assert.equal(after.kept.registry.activeOf(undefined), 0);
  await holdJob(after);
  assert.equal(after.kept.registry.activeOf(undefined), 1);
});

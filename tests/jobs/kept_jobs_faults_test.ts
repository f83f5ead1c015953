import assert from "node:assert/strict";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import type { JobBody } from "../../src/jobs/job_runner.ts";
import { runJob } from "../../src/jobs/job_runner.ts";
import { emitData, emitToken } from "../../src/jobs/emit.ts";
import { MAX_HUMAN_CHARACTERS, narrate } from "../../src/narration/narrate.ts";
import { FrameReader, jsonOf, parseFrames } from "../helpers/event_frames.ts";
import { HOSTILE_STRINGS } from "../helpers/hostile_strings.ts";
import { askFile, JournalFolder } from "../helpers/journal_folder.ts";
import { range } from "../helpers/journal_segments.ts";
import { KeptRole } from "../helpers/kept_role.ts";
import { nextNarration } from "../helpers/next_narration.ts";
import { rawConnect, readUntil, writeAll } from "../helpers/raw_http.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { mountTest, TinyDisk } from "../helpers/tiny_disk.ts";

const STORY = { operation: "story", words: ["Once", " upon", " a time"] };
const HOLD = { operation: "hold", gate: "g" };

const seqsOf = (events: readonly JobEvent[]) =>
  events.map((event) => event.type === "gap" ? -event.to : event.seq);
const idsOf = (stream: string) => parseFrames(stream).map(({ id }) => Number(id));

/** Runs `body` as a job of the role and gives the job's id when it has ended. */
async function runBody(role: KeptRole, body: JobBody): Promise<string> {
  const { job } = role.kept.registry.create({ operation: "test" });
  await runJob(job, body, { kind: "total", ms: 60_000 });
  return job.id;
}

async function assertServes(role: KeptRole): Promise<void> {
  const events = await Array.fromAsync(role.client.stream(await role.run(STORY)));
  assert.deepEqual(seqsOf(events), range(1, 6));
}

Deno.test("A role whose journal cannot be opened says so and goes on in memory", async () => {
  await using folder = await JournalFolder.make();
  await Deno.mkdir(folder.path);
  using told = new RecordedNarration();
  await using role = new KeptRole(folder.path);
  assert.deepEqual(told.actionsOf(undefined).slice(0, 1), ["journal_failed"]);
  await assertServes(role);
});

Deno.test("A role whose journal folder cannot be made says so and goes on in memory", async () => {
  await using folder = await JournalFolder.make();
  await Deno.writeTextFile(folder.path, "a file where a folder should be");
  using told = new RecordedNarration();
  await using role = new KeptRole(`${folder.path}/queen.db`);
  assert.deepEqual(told.actionsOf(undefined).slice(0, 1), ["journal_failed"]);
  await assertServes(role);
});

for (const what of ["garbage", "cut"] as const) {
  Deno.test(`A role whose journal is ${what} keeps it aside, goes on and keeps what comes`, async () => {
    await using folder = await JournalFolder.make();
    let lost: string;
    {
      await using role = new KeptRole(folder.path);
      role.gates.open("flood");
      lost = await role.run({ operation: "flood", lines: 50, length: 5000 });
    }
    if (what === "cut") await Deno.truncate(folder.path, 100_000);
    else await Deno.writeFile(folder.path, crypto.getRandomValues(new Uint8Array(60_000)));
    using told = new RecordedNarration();
    let id: string;
    {
      await using role = new KeptRole(folder.path);
      assert.deepEqual(told.actionsOf(undefined).slice(0, 1), ["journal_failed"]);
      await assert.rejects(role.client.get(lost), { code: "job_not_found" });
      id = await role.run(STORY);
    }
    assert.equal(folder.names().filter((name) => name.includes(".bad-")).length, 1);
    await using role = new KeptRole(folder.path);
    assert.deepEqual(idsOf(await role.stream(id)), range(1, 6));
  });
}

Deno.test("A journal deleted while a job runs costs its readers nothing that memory has", async () => {
  await using folder = await JournalFolder.make();
  let running: string;
  let ended: string;
  {
    await using role = new KeptRole(folder.path);
    ended = await role.run(STORY);
    running = (await role.client.submit(HOLD)).job_id;
    await role.gates.reached("g");
    const watching = Array.fromAsync(role.client.stream(running));
    await role.kept.journal.flush();
    for (const name of folder.names()) await Deno.remove(folder.folder.join(name));
    using told = new RecordedNarration();
    role.gates.open("g");
    assert.deepEqual(seqsOf(await watching), [1, 2, 3]);
    await role.kept.journal.flush();
    assert.equal(told.records.filter(({ action }) => action === "journal_failed").length, 1);
    assert.deepEqual(idsOf(await role.stream(ended)), range(1, 6));
    await assertServes(role);
  }
  await using role = new KeptRole(folder.path);
  // What was on disk alone went with the file; what came later is there, and what is gone is told.
  const frames = parseFrames(await role.stream(running));
  assert.deepEqual(frames.map(({ id, event }) => [id, event]), [
    ["1", "gap"],
    ["2", "token"],
    ["3", "done"],
  ]);
});

Deno.test(
  mountTest(
    "A role on a full disk says so, loses nothing that memory has, and never fails a job",
    async () => {
      await using disk = await TinyDisk.mount();
      using told = new RecordedNarration();
      await using role = new KeptRole(`${disk.path}/journal.db`);
      role.gates.open("flood");
      const ids: string[] = [];
      for (const _ of range(1, 5)) {
        ids.push(await role.run({ operation: "flood", lines: 40, length: 5000 }));
        await role.kept.journal.flush();
      }
      const isFull = told.records.some(({ action }) => action === "journal_failed");
      assert.ok(isFull, "the disk was not full");
      for (const id of ids) {
        assert.equal((await role.client.get(id)).state, "done");
        assert.deepEqual(idsOf(await role.stream(id)), range(1, 41));
      }
    },
  ),
);

Deno.test(
  mountTest("A role on a full disk says so in nobody's job", async () => {
    await using disk = await TinyDisk.mount();
    await using role = new KeptRole(`${disk.path}/journal.db`);
    await role.client.submit(HOLD);
    await role.gates.reached("g");
    await role.kept.journal.flush();
    disk.fill();
    const failed = nextNarration("journal_failed");
    // What the job writes now is what cannot be written.
    role.gates.open("g");
    const { job_id, correlation_id } = await failed;
    assert.deepEqual([job_id, correlation_id], [undefined, undefined]);
  }),
);

Deno.test("A reader that falls out of the memory is served from the journal, without a gap", async () => {
  await using folder = await JournalFolder.make();
  await using role = new KeptRole(folder.path);
  const { job_id } = await role.client.submit({ operation: "flood", lines: 200, length: 65_000 });
  const reader = new FrameReader(await fetch(`${role.url}/v1/jobs/${job_id}/stream`));
  assert.equal(await reader.block(), "retry: 1000");
  role.gates.open("flood");
  const job = role.kept.registry.get(job_id);
  await job.ended;
  assert.ok(job.log.bytes < 6_000_000, "all of it is still in memory");
  const frames = await reader.rest();
  assert.deepEqual(frames.map(({ id }) => Number(id)), range(1, 201));
  assert.deepEqual(idsOf(await role.stream(job_id, "?after=30")), range(31, 201));
});

Deno.test("A reader that falls out of memory and journal gets a gap and goes on to the end", async () => {
  await using folder = await JournalFolder.make();
  await using role = new KeptRole(folder.path, { journal: { max_job_mib: 1 } });
  const { job_id } = await role.client.submit({ operation: "flood", lines: 200, length: 65_000 });
  const reader = new FrameReader(await fetch(`${role.url}/v1/jobs/${job_id}/stream`));
  assert.equal(await reader.block(), "retry: 1000");
  role.gates.open("flood");
  await role.kept.registry.get(job_id).ended;
  await role.kept.journal.flush();
  let next = 1;
  let gaps = 0;
  for (const frame of await reader.rest()) {
    if (frame.event === "gap") {
      const { from, to } = jsonOf(frame) as { from: number; to: number };
      assert.equal(from, next);
      gaps++;
      next = to + 1;
    } else {
      assert.equal(Number(frame.id), next++);
    }
  }
  assert.equal(next, 202);
  assert.equal(gaps, 1);
});

Deno.test("Ended jobs that memory has no room for are served whole from the journal", async () => {
  await using folder = await JournalFolder.make();
  await using role = new KeptRole(folder.path);
  role.gates.open("flood");
  const ids: string[] = [];
  for (const _ of range(1, 12)) {
    ids.push(await role.run({ operation: "flood", lines: 60, length: 60_000 }));
  }
  const bytes = ids.map((id) => role.kept.registry.get(id).log.bytes);
  assert.equal(bytes[0], 0, "the first has left the memory");
  assert.ok(bytes.reduce((sum, each) => sum + each, 0) <= 33 * 1024 * 1024);
  for (const id of ids) assert.deepEqual(idsOf(await role.stream(id)), range(1, 61));
});

Deno.test("An ended job that only the journal had is told as lost when the journal is deleted", async () => {
  await using folder = await JournalFolder.make();
  await using role = new KeptRole(folder.path);
  const id = await role.run(STORY);
  await role.kept.journal.flush();
  role.kept.registry.get(id).log.release();
  for (const name of folder.names()) await Deno.remove(folder.folder.join(name));
  const events = await Array.fromAsync(role.client.stream(id));
  assert.deepEqual(events.map(({ type }) => type), ["gap", "done"]);
  assert.deepEqual(events[0], { type: "gap", from: 1, to: 5 });
  const end = events[1];
  assert.ok(end?.type === "done");
  assert.deepEqual([end.seq, end.result, end.finish_reason], [6, { words: 3 }, "stop"]);
});

Deno.test("1,000 jobs submitted at once all run, and are all there after a restart", async () => {
  await using folder = await JournalFolder.make();
  let ids: string[];
  {
    await using role = new KeptRole(folder.path);
    const answers = await Promise.all(range(1, 1000).map(() => role.client.submit(STORY)));
    ids = answers.map(({ job_id }) => job_id);
    assert.equal(new Set(ids).size, 1000);
    const ends = await Promise.all(ids.map(async (id) => {
      const events = await Array.fromAsync(role.client.stream(id));
      return `${seqsOf(events)} ${events.at(-1)?.type}`;
    }));
    assert.deepEqual([...new Set(ends)], ["1,2,3,4,5,6 done"]);
  }
  assert.deepEqual(askFile(folder.path, "SELECT count(*) AS jobs FROM jobs")[0]?.jobs, 1000);
  await using role = new KeptRole(folder.path);
  assert.equal((await role.client.list({ state: "done" })).length, 1000);
  for (const id of ids.slice(0, 50)) assert.deepEqual(idsOf(await role.stream(id)), range(1, 6));
});

Deno.test("10,000 events of one job are read live, late, and after a restart alike", async () => {
  await using folder = await JournalFolder.make();
  const words = range(1, 9997).map((n) => `w${n} `);
  let id: string;
  let late: string;
  {
    await using role = new KeptRole(folder.path);
    const live: JobEvent[] = [];
    const end = await role.client.submitAndStream(
      { operation: "story", words },
      (event) => void live.push(event),
    );
    assert.equal(end.type, "done");
    assert.deepEqual(seqsOf(live), range(1, 10_000));
    id = (await role.client.list())[0]!.job_id;
    late = await role.stream(id);
    assert.deepEqual(idsOf(late), range(1, 10_000));
  }
  await using role = new KeptRole(folder.path);
  assert.equal(await role.stream(id), late);
  const events = await Array.fromAsync(role.client.stream(id, { after: 5000 }));
  assert.deepEqual(seqsOf(events), range(5001, 10_000));
  const said = events.map((event) => event.type === "token" ? event.text : "").join("");
  assert.equal(said, words.slice(4999).join(""));
});

Deno.test("A narration of 1 MiB is cut and marked, and its job goes on", async () => {
  await using folder = await JournalFolder.make();
  const size = 1024 * 1024;
  let id: string;
  {
    await using role = new KeptRole(folder.path);
    id = await runBody(role, () => {
      narrate("flood", "x".repeat(size));
      narrate("flood", "\ud83d\udc1d".repeat(size / 2));
      narrate("after", "Going on");
      return Promise.resolve({ result: "went on" });
    });
  }
  await using role = new KeptRole(folder.path);
  const events = await Array.fromAsync(role.client.stream(id));
  assert.deepEqual(events.map(({ type }) => type), ["narration", "narration", "narration", "done"]);
  for (const event of events.slice(0, 2)) {
    assert.ok(event.type === "narration");
    assert.ok(event.human.length <= MAX_HUMAN_CHARACTERS);
    assert.ok(event.human.isWellFormed());
    assert.match(event.human, /\[cut: 1048576 characters\]$/);
  }
  assert.ok(events[2]?.type === "narration" && events[2].human === "Going on");
});

Deno.test("NUL bytes, lone surrogates, line separators and markers pass log, journal and client whole", async () => {
  await using folder = await JournalFolder.make();
  const texts = [...HOSTILE_STRINGS, "\u0000".repeat(1000), "a\u2028\u2029\u0085\ud83d b"];
  let id: string;
  const assertWhole = (events: JobEvent[]) => {
    const tokens = events.flatMap((event) => event.type === "token" ? [event.text] : []);
    const lines = events.flatMap((event) => event.type === "log" ? [event.line] : []);
    const values = events.flatMap((event) => event.type === "data" ? [event.value] : []);
    assert.deepEqual(tokens, texts);
    assert.deepEqual(lines, texts);
    assert.deepEqual(values, texts);
    const end = events.at(-1);
    assert.ok(end?.type === "done");
    assert.deepEqual(end.result, texts);
    assert.deepEqual(seqsOf(events), range(1, events.length));
  };
  {
    await using role = new KeptRole(folder.path);
    id = await runBody(role, (job) => {
      for (const [i, text] of texts.entries()) {
        emitToken(text, i);
        job.log.append({ type: "log", actor: "hive", stream: "stdout", line: text });
        emitData("hostile", text);
        narrate("hostile", text);
      }
      return Promise.resolve({ result: texts });
    });
    assertWhole(await Array.fromAsync(role.client.stream(id)));
  }
  await using role = new KeptRole(folder.path);
  assertWhole(await Array.fromAsync(role.client.stream(id)));
});

Deno.test("A clock that jumps back neither reorders events nor loses jobs, nor does a restart before it", async () => {
  await using folder = await JournalFolder.make();
  const now = Date.now;
  const jumpMs = 3 * 24 * 3_600_000;
  const ids: string[] = [];
  try {
    {
      await using role = new KeptRole(folder.path);
      ids.push(await role.run(STORY));
      const { job_id } = await role.client.submit(HOLD);
      await role.gates.reached("g");
      ids.push(job_id);
      Date.now = () => now() - jumpMs;
      role.gates.open("g");
      const events = await Array.fromAsync(role.client.stream(job_id));
      assert.deepEqual(seqsOf(events), [1, 2, 3]);
      const [first, , last] = events;
      assert.ok(first?.type === "narration" && last?.type === "done" && last.at < first.at);
      const view = await role.client.get(job_id);
      assert.ok(view.finished_at! < view.created_at);
      ids.push(await role.run(STORY));
      assert.deepEqual((await role.client.list()).map(({ job_id }) => job_id), ids.toReversed());
    }
    await using role = new KeptRole(folder.path);
    assert.equal((await role.client.list()).length, 3);
    for (const id of ids) assert.equal((await role.client.get(id)).state, "done");
    assert.deepEqual(idsOf(await role.stream(ids[1]!)), [1, 2, 3]);
    await assertServes(role);
  } finally {
    Date.now = now;
  }
});

Deno.test("A reader that closes in the middle of a chunk harms neither the job nor other readers", async () => {
  await using folder = await JournalFolder.make();
  await using role = new KeptRole(folder.path);
  const flood = { operation: "flood", lines: 200, length: 65_000 };
  const { job_id } = await role.client.submit(flood, { unwatchedLimitMs: 60_000 });
  const staying = Array.fromAsync(role.client.stream(job_id));
  for (const n of range(1, 5)) {
    const conn = await rawConnect(role.url);
    const path = `/v1/jobs/${job_id}/stream`;
    await writeAll(conn, `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    if (n === 1) role.gates.open("flood");
    // A little of the first event, which is far from whole.
    await readUntil(conn, "event: log");
    conn.close();
  }
  assert.deepEqual(seqsOf(await staying), range(1, 201));
  assert.equal((await role.client.get(job_id)).state, "done");
  assert.deepEqual(idsOf(await role.stream(job_id)), range(1, 201));
});

/** Reads as the first clients did: `data:` lines, until one says [DONE]. */
async function readAsTheSeedDoes(url: string): Promise<string[]> {
  const response = await fetch(url);
  assert.ok(response.body);
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const said: string[] = [];
  let buffer = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new Error("the stream ended without [DONE]");
      buffer += decoder.decode(value, { stream: true });
      const lines = buffer.split("\n");
      buffer = lines.pop()!;
      for (const line of lines) {
        if (!line.startsWith("data: ")) continue;
        const data = line.slice("data: ".length);
        if (data === "[DONE]") return said;
        said.push(data);
      }
    }
  } finally {
    await reader.cancel();
  }
}

Deno.test("The seed's own client loop reads a job live, late and after a restart with ?format=text", async () => {
  await using folder = await JournalFolder.make();
  const expected = [
    /^\[\w+ *\] story_begin {4}: Telling a story$/,
    /^Once$/,
    /^ upon$/,
    /^ a time$/,
    /^\[\w+ *\] story_end {6}: The story is told$/,
  ];
  const check = (said: string[]) => {
    assert.equal(said.length, expected.length);
    for (const [n, pattern] of expected.entries()) assert.match(said[n]!, pattern);
  };
  let id: string;
  {
    await using role = new KeptRole(folder.path);
    const { sse_url, job_id } = await role.client.submit(STORY);
    id = job_id;
    check(await readAsTheSeedDoes(`${role.url}${sse_url}?format=text`));
    check(await readAsTheSeedDoes(`${role.url}${sse_url}?format=text`));
  }
  await using role = new KeptRole(folder.path);
  check(await readAsTheSeedDoes(`${role.url}/v1/jobs/${id}/stream?format=text`));
});

Deno.test("The seed's own client loop reads a running job to its end", async () => {
  await using folder = await JournalFolder.make();
  await using role = new KeptRole(folder.path);
  const { sse_url } = await role.client.submit(HOLD);
  const reading = readAsTheSeedDoes(`${role.url}${sse_url}?format=text`);
  await role.gates.reached("g");
  role.gates.open("g");
  assert.deepEqual((await reading).slice(1), ["after the gate"]);
});

import assert from "node:assert/strict";
import type { SqliteJournal } from "../../src/journal/sqlite_journal.ts";
import { newJobId } from "../../src/jobs/job_id.ts";
import { askFile, JournalFolder, rawText, rowsOf } from "../helpers/journal_folder.ts";
import {
  doneRecord,
  idsOf,
  linesSegment,
  range,
  readKept,
  recordOf,
  segmentOf,
  textOf,
  tokensSegment,
} from "../helpers/journal_segments.ts";
import { HOSTILE_EVENTS } from "../helpers/sample_events.ts";

/** Long enough that nothing is written while a test looks, unless it asks. */
const LATER = { flushMs: 60_000 };
const MEBIBYTE = 1024 * 1024;

/** Gives a journal a job with events 1 to `last`. */
function keep(journal: SqliteJournal, last: number, length = 0): string {
  const record = recordOf();
  journal.saveJob(record);
  journal.append(record.job.job_id, linesSegment(1, last, length));
  return record.job.job_id;
}

Deno.test("SqliteJournal.read() serves what is not yet written", async () => {
  await using folder = await JournalFolder.make();
  const journal = folder.open(LATER);
  const jobId = keep(journal, 3);
  journal.append(jobId, linesSegment(4, 6));
  assert.equal(rowsOf(folder.path, jobId), 0, "nothing is written");
  assert.deepEqual(readKept(journal, jobId).ids, range(1, 6));
  assert.deepEqual(readKept(journal, jobId, 2).ids, range(3, 6));
});

Deno.test("SqliteJournal.read() serves what is written and what is not as one", async () => {
  await using folder = await JournalFolder.make();
  const journal = folder.open(LATER);
  const jobId = keep(journal, 3);
  await journal.flush();
  journal.append(jobId, linesSegment(4, 6));
  assert.equal(rowsOf(folder.path, jobId), 1);
  const { ids, text } = readKept(journal, jobId);
  assert.deepEqual(ids, range(1, 6));
  assert.equal(text, textOf(linesSegment(1, 6)));
  for (const after of range(0, 6)) {
    assert.deepEqual(readKept(journal, jobId, after).ids, range(after + 1, 6));
  }
  assert.equal(journal.read(jobId, 6), undefined);
  assert.equal(journal.read(newJobId(), 0), undefined);
});

Deno.test("SqliteJournal.flush() resolves when all that was given is in the file", async () => {
  await using folder = await JournalFolder.make();
  const journal = folder.open(LATER);
  const jobIds = range(1, 40).map(() => keep(journal, 50, 1000));
  await journal.flush();
  for (const jobId of jobIds) assert.equal(rowsOf(folder.path, jobId), 1);
  assert.equal(askFile(folder.path, "SELECT job_id FROM jobs").length, 40);
});

Deno.test("SqliteJournal writes by itself, soon", async () => {
  await using folder = await JournalFolder.make();
  const journal = folder.open({ flushMs: 1 });
  const collected = Promise.withResolvers<void>();
  const jobId = keep(journal, 3);
  journal.schedule(() => collected.resolve());
  await collected.promise;
  // What was collected is written in the same step in which the loop comes back.
  while (rowsOf(folder.path, jobId) === 0) await Deno.stat(folder.path);
});

Deno.test("SqliteJournal.schedule() calls each collector once before the next write", async () => {
  await using folder = await JournalFolder.make();
  const journal = folder.open(LATER);
  const { job: { job_id } } = recordOf();
  let calls = 0;
  const collect = () => {
    calls++;
    journal.append(job_id, linesSegment(1, 2));
  };
  journal.schedule(collect);
  journal.schedule(collect);
  assert.equal(calls, 0);
  await journal.flush();
  assert.equal(calls, 1);
  assert.equal(rowsOf(folder.path, job_id), 1, "what it gave is in that same write");
  await journal.flush();
  assert.equal(calls, 1);
});

Deno.test("SqliteJournal keeps bytes as they were given, whatever they hold", async () => {
  await using folder = await JournalFolder.make();
  const first = folder.open();
  const record = recordOf();
  const segment = segmentOf(1, HOSTILE_EVENTS);
  first.saveJob(record);
  first.append(record.job.job_id, segment);
  await first.close();
  const second = folder.open();
  assert.deepEqual(second.read(record.job.job_id, 0)?.bytes, segment.bytes);
});

Deno.test("SqliteJournal.keptJobs() gives what was kept, oldest first, and only once", async () => {
  await using folder = await JournalFolder.make();
  const first = folder.open();
  const running = recordOf();
  running.delegated.push({ url: "http://127.0.0.1:1", job_id: newJobId() });
  const empty = recordOf({ state: "queued", started_at: null });
  first.saveJob(running);
  first.append(running.job.job_id, linesSegment(1, 7));
  first.saveJob(empty);
  await first.close();
  const second = folder.open();
  assert.deepEqual(second.keptJobs(), [
    { record: running, lastSeq: 7 },
    { record: empty, lastSeq: 0 },
  ]);
  assert.deepEqual(second.keptJobs(), []);
});

Deno.test("SqliteJournal forgets a job whose record does not fit, and nothing else", async () => {
  await using folder = await JournalFolder.make();
  const first = folder.open();
  const good = keep(first, 3);
  const bad = keep(first, 3);
  const worse = keep(first, 3);
  await first.close();
  askFile(folder.path, `UPDATE jobs SET record = '{"job":7}' WHERE job_id = '${bad}'`);
  askFile(folder.path, `UPDATE jobs SET record = 'no json' WHERE job_id = '${worse}'`);
  const second = folder.open();
  assert.deepEqual(second.keptJobs().map(({ record }) => record.job.job_id), [good]);
  assert.equal(second.bytes, linesSegment(1, 3).bytes.length);
  await second.flush();
  assert.deepEqual([good, bad, worse].map((id) => rowsOf(folder.path, id)), [1, 0, 0]);
});

Deno.test("SqliteJournal deletes the events of jobs that were never kept", async () => {
  await using folder = await JournalFolder.make();
  const first = folder.open();
  const unknown = newJobId();
  first.append(unknown, linesSegment(1, 3));
  const known = keep(first, 3);
  await first.close();
  const second = folder.open();
  assert.equal(rowsOf(folder.path, unknown), 0);
  assert.equal(rowsOf(folder.path, known), 1);
  assert.equal(second.bytes, linesSegment(1, 3).bytes.length);
});

Deno.test("SqliteJournal.saveJob() keeps the last that was said of a job", async () => {
  await using folder = await JournalFolder.make();
  const first = folder.open(LATER);
  const record = recordOf();
  const { job_id } = record.job;
  first.saveJob(record);
  await first.flush();
  first.saveJob(doneRecord(job_id, 0));
  await first.close();
  assert.equal(folder.open().keptJobs()[0]?.record.job.state, "done");
});

Deno.test("SqliteJournal has the events and the end of a job when it has its last state", async () => {
  await using folder = await JournalFolder.make();
  const journal = folder.open(LATER);
  const { job: { job_id } } = recordOf();
  // More than one slice of a write, with the last state there from the begin.
  for (const n of range(0, 29)) journal.append(job_id, linesSegment(n * 10 + 1, n * 10 + 10, 9000));
  journal.saveJob(doneRecord(job_id, 300));
  for (;;) {
    const [job] = askFile(folder.path, "SELECT record FROM jobs");
    const [rows] = askFile(folder.path, "SELECT max(last) AS last FROM segments");
    if (job !== undefined) {
      assert.equal(rows?.last, 300);
      break;
    }
    await Deno.stat(folder.path);
  }
});

Deno.test("SqliteJournal.forget() takes a job's rows out of the file, and nobody else's", async () => {
  await using folder = await JournalFolder.make();
  const journal = folder.open(LATER);
  const gone = keep(journal, 1);
  for (const n of range(2, 50)) {
    journal.append(gone, linesSegment(n, n));
    await journal.flush();
  }
  const stays = keep(journal, 3);
  await journal.flush();
  assert.equal(rowsOf(folder.path, gone), 50);
  journal.forget(gone);
  await journal.flush();
  assert.equal(rowsOf(folder.path, gone), 0);
  assert.equal(rowsOf(folder.path, stays), 1);
  assert.deepEqual(askFile(folder.path, "SELECT job_id FROM jobs"), [
    Object.assign(Object.create(null), { job_id: stays }),
  ]);
  assert.equal(journal.read(gone, 0), undefined);
  assert.equal(journal.bytes, linesSegment(1, 3).bytes.length);
});

Deno.test("SqliteJournal.forget() of a job that is not yet written leaves nothing of it", async () => {
  await using folder = await JournalFolder.make();
  const journal = folder.open(LATER);
  const jobId = keep(journal, 3);
  journal.forget(jobId);
  assert.equal(journal.read(jobId, 0), undefined);
  await journal.close();
  assert.equal(rowsOf(folder.path, jobId), 0);
  assert.deepEqual(folder.open().keptJobs(), []);
});

Deno.test("SqliteJournal.bytes counts the events that are kept, also after it is opened again", async () => {
  await using folder = await JournalFolder.make();
  const first = folder.open(LATER);
  assert.equal(first.bytes, 0);
  const one = keep(first, 10);
  keep(first, 20);
  await first.flush();
  const bytes = linesSegment(1, 10).bytes.length + linesSegment(1, 20).bytes.length;
  assert.equal(first.bytes, bytes);
  await first.close();
  const second = folder.open(LATER);
  assert.equal(second.bytes, bytes);
  second.forget(one);
  assert.equal(second.bytes, linesSegment(1, 20).bytes.length);
});

Deno.test("SqliteJournal with maxJobBytes drops the oldest of the job that is over it", async () => {
  await using folder = await JournalFolder.make();
  const journal = folder.open({ ...LATER, maxJobBytes: 50_000 });
  const small = keep(journal, 5);
  const large = keep(journal, 1, 1000);
  await journal.flush();
  for (const n of range(2, 100)) {
    journal.append(large, linesSegment(n, n, 1000));
    await journal.flush();
  }
  const { ids } = readKept(journal, large);
  assert.equal(ids.at(-1), 100);
  assert.deepEqual(ids, range(ids[0]!, 100));
  assert.ok(ids[0]! > 40 && ids[0]! < 70, `the first that is kept is ${ids[0]}`);
  assert.equal(rowsOf(folder.path, large), ids.length);
  assert.deepEqual(readKept(journal, small).ids, range(1, 5));
  assert.ok(journal.bytes <= 51_000, `${journal.bytes} bytes`);
});

Deno.test("SqliteJournal puts the rows of a job together when it has ended", async () => {
  await using folder = await JournalFolder.make();
  const journal = folder.open(LATER);
  const jobId = keep(journal, 1);
  for (const n of range(2, 30)) {
    journal.append(jobId, linesSegment(n, n));
    await journal.flush();
  }
  assert.equal(rowsOf(folder.path, jobId), 30);
  const before = readKept(journal, jobId);
  journal.saveJob(doneRecord(jobId, 30));
  await journal.flush();
  assert.equal(rowsOf(folder.path, jobId), 1);
  assert.deepEqual(readKept(journal, jobId), before);
});

Deno.test("SqliteJournal without tokens has no text of them, in memory or on disk", async () => {
  await using folder = await JournalFolder.make();
  const journal = folder.open({ ...LATER, keepAnswers: false });
  const record = recordOf();
  const { job_id } = record.job;
  journal.saveJob(record);
  journal.append(job_id, linesSegment(1, 3));
  journal.append(job_id, tokensSegment(4, 9));
  journal.append(job_id, linesSegment(10, 12));
  assert.deepEqual(readKept(journal, job_id).ids, [1, 2, 3, 10, 11, 12]);
  assert.equal(journal.read(job_id, 3)?.from, 10);
  await journal.flush();
  assert.deepEqual(readKept(journal, job_id).ids, [1, 2, 3, 10, 11, 12]);
  assert.match(rawText(folder.path), /line 11/, "the files are looked into");
  assert.doesNotMatch(rawText(folder.path), /secret/);
  await journal.close();
  assert.doesNotMatch(rawText(folder.path), /secret/);
  assert.equal(folder.open().keptJobs()[0]?.lastSeq, 12);
});

Deno.test("SqliteJournal with tokens has them on disk", async () => {
  await using folder = await JournalFolder.make();
  const journal = folder.open(LATER);
  const { job: { job_id } } = recordOf();
  journal.append(job_id, tokensSegment(1, 9));
  await journal.flush();
  assert.match(rawText(folder.path), /secret9/);
  assert.deepEqual(idsOf(journal.read(job_id, 0)), range(1, 9));
});

Deno.test("SqliteJournal writes at once when more waits than memory should hold", async () => {
  await using folder = await JournalFolder.make();
  const journal = folder.open(LATER);
  const { job: { job_id } } = recordOf();
  for (const n of range(1, 20)) journal.append(job_id, linesSegment(n, n, MEBIBYTE));
  const rows = rowsOf(folder.path, job_id);
  assert.ok(rows >= 4, `${rows} of 20 MiB are written while nothing was awaited`);
  assert.deepEqual(readKept(journal, job_id).ids, range(1, 20));
});

Deno.test("SqliteJournal lets the event loop go on between the slices of a large write", async () => {
  await using folder = await JournalFolder.make();
  const journal = folder.open(LATER);
  const { job: { job_id } } = recordOf();
  for (const n of range(1, 8)) journal.append(job_id, linesSegment(n, n, MEBIBYTE));
  let turns = 0;
  let flushed = false;
  const flush = journal.flush().then(() => void (flushed = true));
  while (!flushed) {
    turns++;
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await flush;
  assert.ok(turns >= 8, `the loop came by ${turns} times`);
});

Deno.test("SqliteJournal killed before its write loses that alone", async () => {
  await using folder = await JournalFolder.make();
  const journal = folder.open(LATER);
  const jobId = keep(journal, 10);
  await journal.flush();
  journal.append(jobId, linesSegment(11, 20));
  const after = folder.open({ path: await folder.crashCopy() });
  assert.deepEqual(after.keptJobs().map(({ lastSeq }) => lastSeq), [10]);
  assert.deepEqual(readKept(after, jobId).ids, range(1, 10));
});

Deno.test("SqliteJournal.close() writes what waits, and takes nothing afterwards", async () => {
  await using folder = await JournalFolder.make();
  const first = folder.open(LATER);
  const jobId = keep(first, 3);
  await Promise.all([first.close(), first.close()]);
  await first.close();
  first.append(jobId, linesSegment(4, 4));
  first.saveJob(doneRecord(jobId, 4));
  first.forget(jobId);
  first.schedule(() => assert.fail("it is closed"));
  await first.flush();
  const second = folder.open();
  assert.equal(second.keptJobs()[0]?.record.job.state, "running");
  assert.deepEqual(readKept(second, jobId).ids, [1, 2, 3]);
});

Deno.test("SqliteJournal leaves one file behind, and its files are its owner's alone", async () => {
  await using folder = await JournalFolder.make();
  const journal = folder.open(LATER);
  keep(journal, 3);
  await journal.flush();
  assert.deepEqual(folder.names(), ["journal.db", "journal.db-shm", "journal.db-wal"]);
  for (const name of folder.names()) {
    assert.equal((await Deno.stat(folder.folder.join(name))).mode! & 0o777, 0o600, name);
  }
  await journal.close();
  assert.deepEqual(folder.names(), ["journal.db"]);
});

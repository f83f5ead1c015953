import assert from "node:assert/strict";
import { JournalFolder, rowsOf } from "../helpers/journal_folder.ts";
import {
  doneRecord,
  linesSegment,
  range,
  readKept,
  recordOf,
  textOf,
} from "../helpers/journal_segments.ts";
import { nextNarration } from "../helpers/next_narration.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { mountTest, TinyDisk } from "../helpers/tiny_disk.ts";
import { SqliteJournal } from "../../src/journal/sqlite_journal.ts";

const LATER = { flushMs: 60_000 };
const MEBIBYTE = 1024 * 1024;

/** Writes a journal of `jobs` jobs with 40 events each and closes it. */
async function writeJournal(folder: JournalFolder, jobs = 10): Promise<string[]> {
  const journal = folder.open();
  const ids = range(1, jobs).map(() => {
    const record = recordOf();
    journal.saveJob(record);
    journal.append(record.job.job_id, linesSegment(1, 40, 500));
    return record.job.job_id;
  });
  await journal.close();
  return ids;
}

Deno.test("SqliteJournal whose path cannot be opened keeps in memory what it is given", async () => {
  await using folder = await JournalFolder.make();
  await Deno.mkdir(folder.path);
  using told = new RecordedNarration();
  const journal = folder.open();
  assert.deepEqual(told.actionsOf(undefined), ["journal_failed"]);
  assert.deepEqual(journal.keptJobs(), []);
  const record = recordOf();
  const { job_id } = record.job;
  journal.saveJob(record);
  journal.append(job_id, linesSegment(1, 5));
  journal.append(job_id, linesSegment(6, 9));
  await journal.flush();
  assert.deepEqual(readKept(journal, job_id).ids, range(1, 9));
  journal.forget(job_id);
  assert.equal(journal.read(job_id, 0), undefined);
  await journal.close();
  assert.equal(told.records.length, 1, "it is said once");
});

Deno.test("SqliteJournal that cannot write holds a bounded part of it, the newest", async () => {
  await using folder = await JournalFolder.make();
  await Deno.mkdir(folder.path);
  const journal = folder.open();
  const { job: { job_id } } = recordOf();
  for (const n of range(1, 40)) journal.append(job_id, linesSegment(n, n, MEBIBYTE));
  const { ids, text } = readKept(journal, job_id);
  assert.equal(ids.at(-1), 40);
  assert.deepEqual(ids, range(ids[0]!, 40));
  assert.ok(text.length <= 17 * MEBIBYTE, `${text.length} bytes are held`);
  assert.ok(text.length >= 7 * MEBIBYTE, `${text.length} bytes are held`);
});

Deno.test("SqliteJournal writes what it held in memory when the file is back", async () => {
  await using folder = await JournalFolder.make();
  await Deno.mkdir(folder.path);
  const journal = folder.open({ retryMs: 5 });
  const record = recordOf();
  const { job_id } = record.job;
  journal.saveJob(record);
  journal.append(job_id, linesSegment(1, 9));
  const back = nextNarration("journal_back");
  await Deno.remove(folder.path);
  await back;
  await journal.flush();
  assert.equal(rowsOf(folder.path, job_id), 1);
  assert.deepEqual(readKept(journal, job_id).ids, range(1, 9));
  await journal.close();
  assert.equal(folder.open().keptJobs()[0]?.lastSeq, 9);
});

Deno.test("SqliteJournal deleted while it runs begins anew, knows its running jobs, and serves no hole", async () => {
  await using folder = await JournalFolder.make();
  using told = new RecordedNarration();
  const journal = folder.open(LATER);
  const record = recordOf();
  const ended = recordOf();
  const { job_id } = record.job;
  journal.saveJob(record);
  journal.saveJob(ended);
  journal.append(job_id, linesSegment(1, 9));
  journal.append(ended.job.job_id, linesSegment(1, 9));
  journal.saveJob(doneRecord(ended.job.job_id, 9));
  await journal.flush();
  for (const name of folder.names()) await Deno.remove(folder.folder.join(name));
  journal.append(job_id, linesSegment(10, 12));
  await journal.flush();
  assert.deepEqual(told.actionsOf(undefined), ["journal_failed"]);
  assert.match(told.records[0]!.human, /has been deleted or replaced/);
  assert.deepEqual(readKept(journal, job_id).ids, [10, 11, 12]);
  assert.equal(journal.read(ended.job.job_id, 0), undefined);
  assert.equal(journal.bytes, linesSegment(10, 12).bytes.length);
  await journal.close();
  const kept = folder.open().keptJobs();
  assert.deepEqual(kept, [{ record, lastSeq: 12 }]);
});

Deno.test("SqliteJournal keeps garbage aside and goes on", async () => {
  await using folder = await JournalFolder.make();
  using told = new RecordedNarration();
  await Deno.writeFile(folder.path, crypto.getRandomValues(new Uint8Array(50_000)));
  const journal = folder.open();
  assert.deepEqual(journal.keptJobs(), []);
  assert.deepEqual(told.actionsOf(undefined), ["journal_failed"]);
  const record = recordOf();
  journal.saveJob(record);
  journal.append(record.job.job_id, linesSegment(1, 3));
  await journal.flush();
  assert.deepEqual(readKept(journal, record.job.job_id).ids, [1, 2, 3]);
  assert.equal(folder.names().filter((name) => name.includes(".bad-")).length, 1);
});

for (const part of [0.01, 0.1, 0.5, 0.9, 0.999]) {
  Deno.test(`SqliteJournal cut after ${part} of its bytes serves nothing wrong and goes on`, async () => {
    await using folder = await JournalFolder.make();
    const ids = await writeJournal(folder);
    const { size } = await Deno.stat(folder.path);
    await Deno.truncate(folder.path, Math.floor(size * part));
    using told = new RecordedNarration();
    const journal = folder.open(LATER);
    for (const { lastSeq } of journal.keptJobs()) assert.equal(lastSeq, 40);
    for (const id of ids) {
      const { ids: seqs, text } = readKept(journal, id);
      assert.deepEqual(seqs, range(1, 40).slice(40 - seqs.length));
      assert.ok(textOf(linesSegment(1, 40, 500)).endsWith(text));
    }
    assert.deepEqual(told.actionsOf(undefined), ["journal_failed"]);
    assert.equal(folder.names().filter((name) => name.includes(".bad-")).length, 1);
    const record = recordOf();
    journal.saveJob(record);
    journal.append(record.job.job_id, linesSegment(1, 3));
    await journal.close();
    const after = folder.open();
    assert.deepEqual(readKept(after, record.job.job_id).ids, [1, 2, 3]);
    assert.equal(told.records.length, 1, "the file that was begun anew is sound");
  });
}

Deno.test("SqliteJournal with any one byte damaged serves what was given, or nothing", async () => {
  await using folder = await JournalFolder.make();
  const ids = await writeJournal(folder, 3);
  const whole = await Deno.readFile(folder.path);
  const expected = textOf(linesSegment(1, 40, 500));
  let found = 0;
  for (const place of range(0, 99).map((n) => Math.floor(n * whole.length / 100))) {
    await Deno.remove(folder.folder.path, { recursive: true });
    const damaged = whole.slice();
    damaged[place]! ^= 0x55;
    await Deno.mkdir(folder.folder.path);
    await Deno.writeFile(folder.path, damaged);
    using told = new RecordedNarration();
    const journal = folder.open(LATER);
    for (const id of ids) {
      const { text } = readKept(journal, id);
      assert.ok(expected.endsWith(text), `byte ${place} changed what is served`);
    }
    if (told.records.length > 0) found++;
    await journal.close();
  }
  assert.ok(found > 30, `only ${found} of 100 were found`);
});

Deno.test(
  mountTest(
    "SqliteJournal on a full disk narrates it, serves all, and goes on when there is room",
    async () => {
      await using disk = await TinyDisk.mount();
      using told = new RecordedNarration();
      const path = `${disk.path}/journal.db`;
      const journal = new SqliteJournal({ path, flushMs: 60_000, retryMs: 20 });
      try {
        const record = recordOf();
        const { job_id } = record.job;
        journal.saveJob(record);
        journal.append(job_id, linesSegment(1, 10));
        await journal.flush();
        assert.deepEqual(told.records, []);
        disk.fill();
        const failed = nextNarration("journal_failed");
        for (const n of range(2, 20)) {
          journal.append(
            job_id,
            linesSegment(n * 10 - 9, n * 10, 500),
          );
        }
        await journal.flush();
        assert.match((await failed).human, /full.*going on in memory/);
        assert.deepEqual(readKept(journal, job_id).ids.slice(-190), range(11, 200));
        const back = nextNarration("journal_back");
        disk.free();
        await back;
        await journal.flush();
        const { ids, text } = readKept(journal, job_id);
        assert.deepEqual(ids, range(1, 200));
        assert.ok(text.endsWith(textOf(linesSegment(11, 200, 500))));
        journal.saveJob(doneRecord(job_id, 200));
      } finally {
        await journal.close();
      }
      const after = new SqliteJournal({ path });
      const [kept] = after.keptJobs();
      await after.close();
      assert.equal(kept?.lastSeq, 200);
      assert.equal(kept?.record.job.state, "done");
    },
  ),
);

Deno.test(
  mountTest("SqliteJournal opened on a full disk keeps in memory what it is given", async () => {
    await using disk = await TinyDisk.mount();
    disk.fill();
    using told = new RecordedNarration();
    const journal = new SqliteJournal({ path: `${disk.path}/journal.db` });
    try {
      const { job: { job_id } } = recordOf();
      journal.append(job_id, linesSegment(1, 10));
      await journal.flush();
      assert.deepEqual(readKept(journal, job_id).ids, range(1, 10));
      assert.deepEqual(told.actionsOf(undefined), ["journal_failed"]);
    } finally {
      await journal.close();
    }
  }),
);

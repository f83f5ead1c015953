import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { JournalBatch } from "../../src/journal/journal_file.ts";
import { isDamage, JournalFile } from "../../src/journal/journal_file.ts";
import { copyAsAfterACrash, rowsOf } from "../helpers/journal_folder.ts";
import { idsOf, linesSegment, range, textOf } from "../helpers/journal_segments.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

/** Runs `body` on a new file of its own folder. */
async function withFile(body: (file: JournalFile, path: string) => void | Promise<void>) {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("journal.db");
  const file = new JournalFile(path);
  try {
    await body(file, path);
  } finally {
    file.close();
  }
}

function batchOf(jobId: string, ...segments: JournalBatch["segments"][number]["segment"][]) {
  return {
    segments: segments.map((segment) => ({ jobId, segment })),
    records: [{ jobId, json: `{"of":"${jobId}"}` }],
  };
}

const mode = (path: string) => Deno.statSync(path).mode! & 0o777;

Deno.test("JournalFile makes the file, and what SQLite puts beside it, for its owner alone", async () => {
  await withFile((file, path) => {
    file.write(batchOf("a", linesSegment(1, 3)));
    for (const suffix of ["", "-wal", "-shm"]) assert.equal(mode(path + suffix), 0o600, suffix);
  });
});

Deno.test("JournalFile takes from others what they could read of a file that was there", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("journal.db");
  await Deno.writeFile(path, new Uint8Array(), { mode: 0o644 });
  await Deno.chmod(path, 0o644);
  new JournalFile(path).close();
  assert.equal(mode(path), 0o600);
});

Deno.test("JournalFile makes its folder for its owner alone", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("data", "journal", "journal.db");
  new JournalFile(path).close();
  assert.equal(mode(folder.join("data", "journal")), 0o700);
});

Deno.test("JournalFile keeps what is written, for the next who opens it", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("journal.db");
  const first = new JournalFile(path);
  assert.equal(first.isNew, true);
  first.write(batchOf("a", linesSegment(1, 3), linesSegment(4, 5)));
  first.close();
  const second = new JournalFile(path);
  assert.equal(second.isNew, false);
  assert.equal(textOf(second.readFrom("a", 0)), textOf(linesSegment(1, 3)));
  assert.deepEqual(idsOf(second.readFrom("a", 1)), [4, 5]);
  assert.equal(second.readFrom("a", 4), undefined);
  assert.equal(second.readFrom("b", 0), undefined);
  second.close();
});

Deno.test("JournalFile keeps what is written when its process is killed", async () => {
  await withFile((file, path) => {
    file.write(batchOf("a", linesSegment(1, 3)));
    return copyAsAfterACrash(path, `${path}.copy`).then(() => {
      const copy = new JournalFile(`${path}.copy`);
      assert.deepEqual(idsOf(copy.readFrom("a", 0)), [1, 2, 3]);
      copy.close();
    });
  });
});

Deno.test("JournalFile.readAt() gives the segment that an event would be in", async () => {
  await withFile((file) => {
    file.write(batchOf("a", linesSegment(1, 3), linesSegment(7, 9)));
    assert.deepEqual(idsOf(file.readAt("a", 1)), [1, 2, 3]);
    assert.deepEqual(idsOf(file.readAt("a", 3)), [1, 2, 3]);
    assert.deepEqual(idsOf(file.readAt("a", 5)), [1, 2, 3], "the last that begins before it");
    assert.deepEqual(idsOf(file.readAt("a", 8)), [7, 8, 9]);
    assert.equal(file.readAt("a", 0), undefined);
    assert.equal(file.readAt("b", 1), undefined);
  });
});

Deno.test("JournalFile.records() gives each job with its last event and its bytes", async () => {
  await withFile((file) => {
    const [one, two] = [linesSegment(1, 3), linesSegment(4, 4)];
    file.write(batchOf("job-2", one, two));
    file.write(batchOf("job-1"));
    assert.deepEqual(file.records().map((row) => ({ ...row })), [
      { jobId: "job-1", json: '{"of":"job-1"}', lastSeq: 0, bytes: 0 },
      {
        jobId: "job-2",
        json: '{"of":"job-2"}',
        lastSeq: 4,
        bytes: one.bytes.length + two.bytes.length,
      },
    ]);
  });
});

Deno.test("JournalFile.write() replaces the record of a job", async () => {
  await withFile((file) => {
    file.write({ segments: [], records: [{ jobId: "a", json: "old" }] });
    file.write({ segments: [], records: [{ jobId: "a", json: "new" }] });
    assert.deepEqual(file.records().map(({ json }) => json), ["new"]);
  });
});

Deno.test("JournalFile.write() writes all of a batch or nothing of it", async () => {
  await withFile((file, path) => {
    const refused = { from: 2, to: 2, bytes: null as unknown as Uint8Array };
    assert.throws(() => file.write(batchOf("a", linesSegment(1, 1), refused)));
    assert.equal(rowsOf(path, "a"), 0);
    file.write(batchOf("a", linesSegment(1, 1)));
    assert.equal(rowsOf(path, "a"), 1, "no transaction is left open");
  });
});

Deno.test("JournalFile.prune() deletes the oldest of one job and says how many", async () => {
  await withFile((file) => {
    for (const n of range(1, 5)) file.write(batchOf("a", linesSegment(n, n)));
    file.write(batchOf("b", linesSegment(1, 1)));
    assert.equal(file.prune("a", 2), 2);
    assert.deepEqual(idsOf(file.readFrom("a", 0)), [3]);
    assert.equal(file.prune("a", 10), 3);
    assert.equal(file.prune("a", 10), 0);
    assert.deepEqual(idsOf(file.readFrom("b", 0)), [1]);
  });
});

Deno.test("JournalFile.drop() deletes the record alone", async () => {
  await withFile((file, path) => {
    file.write(batchOf("a", linesSegment(1, 1)));
    file.drop("a");
    assert.deepEqual(file.records(), []);
    assert.equal(rowsOf(path, "a"), 1);
  });
});

Deno.test("JournalFile.dropUnknown() deletes the events of jobs without a record", async () => {
  await withFile((file, path) => {
    file.write({ ...batchOf("a", linesSegment(1, 1)), records: [] });
    file.write(batchOf("b", linesSegment(1, 1)));
    file.dropUnknown();
    assert.equal(rowsOf(path, "a"), 0);
    assert.equal(rowsOf(path, "b"), 1);
  });
});

Deno.test("JournalFile.replace() puts other segments in place of a job's", async () => {
  await withFile((file, path) => {
    file.write(batchOf("a", linesSegment(1, 1), linesSegment(2, 2)));
    file.write(batchOf("b", linesSegment(1, 1)));
    file.replace("a", [linesSegment(1, 2)]);
    assert.equal(rowsOf(path, "a"), 1);
    assert.deepEqual(idsOf(file.readFrom("a", 0)), [1, 2]);
    assert.equal(rowsOf(path, "b"), 1);
  });
});

Deno.test("JournalFile.tampering tells that the path leads elsewhere", async () => {
  await withFile(async (file, path) => {
    assert.equal(file.tampering, undefined);
    await Deno.rename(path, `${path}.moved`);
    assert.equal(file.tampering, "gone");
    await Deno.copyFile(`${path}.moved`, path);
    assert.equal(file.tampering, "gone", "a copy is another file");
  });
});

for (
  const [what, tamper] of [
    ["deleted", (path: string) => Deno.remove(`${path}-wal`)],
    ["emptied", (path: string) => Deno.truncate(`${path}-wal`, 0)],
    ["cut", (path: string) => Deno.truncate(`${path}-wal`, 1000)],
  ] as const
) {
  Deno.test(`JournalFile.tampering tells that the write-ahead log was ${what}`, async () => {
    await withFile(async (file, path) => {
      file.write(batchOf("a", linesSegment(1, 1)));
      assert.equal(file.tampering, undefined);
      await tamper(path);
      assert.equal(file.tampering, "damaged");
    });
  });
}

Deno.test("JournalFile.forget() deletes jobs with all they have, large ones in several turns", async () => {
  await withFile((file, path) => {
    for (const id of ["a", "b", "c"]) {
      file.write(batchOf(id, linesSegment(1, 1), linesSegment(2, 2)));
      file.write({ segments: [], records: [{ jobId: id, json: "{}" }] });
    }
    const limit = { rows: 3, ms: 1000 };
    assert.equal(file.forget(["a", "b"], limit), 2);
    assert.deepEqual([rowsOf(path, "a"), rowsOf(path, "b"), rowsOf(path, "c")], [0, 0, 2]);
    assert.deepEqual(file.records().map(({ jobId }) => jobId), ["c"]);
    assert.equal(file.forget(["c"], { rows: 1, ms: 1000 }), 0, "more may be left of it");
    assert.equal(file.forget(["c"], limit), 1);
    assert.deepEqual(file.records(), []);
    return Promise.resolve();
  });
});

Deno.test("JournalFile refuses a file of another layout as one that cannot be read", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("journal.db");
  const db = new DatabaseSync(path);
  db.exec("PRAGMA user_version = 99");
  db.close();
  assert.throws(() => new JournalFile(path), { message: "layout 99", errcode: 26 });
});

Deno.test("JournalFile refuses events whose stored bytes have changed", async () => {
  await withFile((file, path) => {
    file.write(batchOf("a", linesSegment(1, 3)));
    const db = new DatabaseSync(path);
    db.exec("UPDATE segments SET bytes = CAST(replace(bytes, 'line 2', 'lime 2') AS BLOB)");
    db.close();
    const damaged = { message: "events 1 to 3 are damaged", errcode: 11 };
    assert.throws(() => file.readFrom("a", 0), damaged);
    assert.throws(() => file.readAt("a", 2), damaged);
  });
});

Deno.test("isDamage() tells a file that is no good from one that cannot be used now", async () => {
  await using folder = await TemporaryFolder.make();
  const garbage = folder.join("garbage.db");
  await Deno.writeTextFile(garbage, "this is no database ".repeat(500));
  assert.throws(() => new JournalFile(garbage), isDamage);
  for (const errcode of [11, 26, 11 | 2 << 8, 522]) assert.equal(isDamage({ errcode }), true);
  // Busy, read-only, other input or output, full, cannot open.
  for (const errcode of [5, 8, 10, 13, 14]) assert.equal(isDamage({ errcode }), false);
  for (const other of [new Error("x"), null, undefined, "11", { errcode: "11" }]) {
    assert.equal(isDamage(other), false);
  }
});

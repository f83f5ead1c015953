import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { MendingFile } from "../../src/journal/mending_file.ts";
import { askFile, rowsOf } from "../helpers/journal_folder.ts";
import { linesSegment } from "../helpers/journal_segments.ts";
import { nextNarration } from "../helpers/next_narration.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const BATCH = {
  segments: [{ jobId: "a", segment: linesSegment(1, 3) }],
  records: [{ jobId: "a", json: "{}" }],
};

/** A file that may fail, in a folder of its own, with what it tells. */
class Trial implements AsyncDisposable {
  readonly told = new RecordedNarration();
  readonly opened: boolean[] = [];
  readonly #folder: TemporaryFolder;
  #file: MendingFile | undefined;

  private constructor(folder: TemporaryFolder) {
    this.#folder = folder;
  }

  static async make(): Promise<Trial> {
    return new Trial(await TemporaryFolder.make());
  }

  get path(): string {
    return this.#folder.join("journal", "journal.db");
  }

  get folder(): string {
    return this.#folder.join("journal");
  }

  open(retryMs = 30_000): MendingFile {
    return this.#file = new MendingFile({
      path: this.path,
      retryMs,
      onOpened: ({ anew }) => void this.opened.push(anew),
    });
  }

  /** What was narrated as a warning. */
  warnings(): string[] {
    return this.told.records.filter(({ level }) => level === "warn").map(({ human }) => human);
  }

  /** The files in the journal's folder that were kept aside. */
  aside(): string[] {
    return [...Deno.readDirSync(this.folder)].map(({ name }) => name)
      .filter((name) => name.includes(".bad-")).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#file?.close();
    this.told[Symbol.dispose]();
    await this.#folder[Symbol.asyncDispose]();
  }
}

const write = (file: MendingFile) =>
  file.attempt((open) => {
    open.write(BATCH);
    return true;
  });

Deno.test("MendingFile gives what its body gives, and is silent when nothing is wrong", async () => {
  await using trial = await Trial.make();
  const file = trial.open();
  assert.equal(file.works, true);
  assert.equal(write(file), true);
  assert.deepEqual(file.attempt((open) => open.readFrom("a", 0)?.to), 3);
  assert.deepEqual(trial.told.records, []);
  assert.deepEqual(trial.opened, []);
});

for (const kind of ["garbage", "text", "another layout"] as const) {
  Deno.test(`MendingFile keeps a file of ${kind} aside and begins anew`, async () => {
    await using trial = await Trial.make();
    await Deno.mkdir(trial.folder);
    if (kind === "garbage") {
      await Deno.writeFile(trial.path, crypto.getRandomValues(new Uint8Array(20_000)));
    } else if (kind === "text") {
      await Deno.writeTextFile(trial.path, "this is no journal\n".repeat(1000));
    } else {
      const db = new DatabaseSync(trial.path);
      db.exec("CREATE TABLE bees (name TEXT); PRAGMA user_version = 7");
      db.close();
    }
    const bad = await Deno.readFile(trial.path);
    const file = trial.open();
    assert.equal(file.works, true);
    assert.equal(write(file), true);
    const [aside, ...others] = trial.aside();
    assert.deepEqual(others, []);
    assert.deepEqual(await Deno.readFile(`${trial.folder}/${aside}`), bad);
    const [warning, ...more] = trial.warnings();
    assert.deepEqual(more, []);
    assert.match(warning!, /^The journal .*journal\.db is damaged \(.+\); it is kept as .*\.bad-/);
    assert.ok(warning!.includes(aside!));
    assert.deepEqual(trial.opened, [], "who makes it knows that there is nothing in it");
  });
}

Deno.test("MendingFile keeps a file aside that is found damaged while it is used", async () => {
  await using trial = await Trial.make();
  const file = trial.open();
  write(file);
  const db = new DatabaseSync(trial.path);
  db.exec("UPDATE segments SET crc = crc + 1");
  db.close();
  assert.equal(file.attempt((open) => open.readFrom("a", 0)), undefined);
  assert.equal(file.works, true);
  assert.deepEqual(trial.opened, [true]);
  const [aside] = trial.aside();
  assert.equal(rowsOf(`${trial.folder}/${aside}`, "a"), 1);
  assert.equal(write(file), true);
});

Deno.test("MendingFile begins anew when its file was deleted, with and without its folder", async () => {
  for (const what of ["path", "folder"] as const) {
    await using trial = await Trial.make();
    const file = trial.open();
    write(file);
    await Deno.remove(trial[what], { recursive: true });
    assert.equal(write(file), undefined, "nothing was written");
    assert.deepEqual(trial.opened, [true]);
    assert.equal(trial.warnings().length, 1);
    assert.match(trial.warnings()[0]!, /has been deleted or replaced; a new one is begun$/);
    assert.equal(write(file), true);
    assert.equal(rowsOf(trial.path, "a"), 1);
    assert.deepEqual(trial.aside(), []);
  }
});

Deno.test("MendingFile does not write into a file that took the place of its own", async () => {
  await using trial = await Trial.make();
  const file = trial.open();
  write(file);
  await Deno.rename(trial.path, `${trial.path}.moved`);
  const other = new MendingFile({ path: trial.path, retryMs: 1000, onOpened: () => {} });
  write(other);
  other.close();
  assert.equal(file.attempt((open) => open.prune("a", 9)), undefined);
  assert.equal(rowsOf(trial.path, "a"), 1, "it was looked at first");
  assert.deepEqual(trial.opened, [false], "it holds what somebody wrote");
});

Deno.test("MendingFile whose path is a directory does not work, says so once and throws nothing", async () => {
  await using trial = await Trial.make();
  await Deno.mkdir(trial.path, { recursive: true });
  const file = trial.open();
  assert.equal(file.works, false);
  assert.equal(write(file), undefined);
  assert.equal(write(file), undefined);
  const [warning, ...more] = trial.warnings();
  assert.deepEqual(more, []);
  assert.match(
    warning!,
    /^Cannot write the journal .*journal\.db: .+; going on in memory, trying again in 30 s$/,
  );
  assert.equal((await Deno.stat(trial.path)).isDirectory, true, "it is left as it is");
});

Deno.test("MendingFile below a file does not work and throws nothing", async () => {
  await using trial = await Trial.make();
  await Deno.writeTextFile(trial.folder, "in the way");
  assert.equal(trial.open().works, false);
  assert.equal(trial.warnings().length, 1);
});

Deno.test("MendingFile tries again after a while, and tells that it can be written again", async () => {
  await using trial = await Trial.make();
  await Deno.writeTextFile(trial.folder, "in the way");
  const file = trial.open(5);
  assert.equal(file.works, false);
  await nextNarration("journal_failed");
  const back = nextNarration("journal_back");
  await Deno.remove(trial.folder);
  assert.match((await back).human, /can be written again$/);
  assert.equal(file.works, true);
  assert.deepEqual(trial.opened, [true]);
  assert.equal(write(file), true);
});

Deno.test("MendingFile that comes back to the file it had says that it is not new", async () => {
  await using trial = await Trial.make();
  const file = trial.open(5);
  write(file);
  const back = nextNarration("journal_back");
  assert.equal(
    file.attempt(() => {
      throw new Error("the disk is on fire");
    }),
    undefined,
  );
  assert.match(trial.warnings()[0]!, /the disk is on fire/);
  await back;
  assert.deepEqual(trial.opened, [false]);
  assert.equal(file.attempt((open) => open.readFrom("a", 0)?.to), 3);
});

Deno.test("MendingFile that was deleted while it could not be written says that it is new", async () => {
  await using trial = await Trial.make();
  const file = trial.open(5);
  write(file);
  await Deno.remove(trial.folder, { recursive: true });
  await Deno.writeTextFile(trial.folder, "in the way");
  const back = nextNarration("journal_back");
  assert.equal(write(file), undefined);
  assert.equal(file.works, false);
  await Deno.remove(trial.folder);
  await back;
  assert.deepEqual(trial.opened, [true]);
});

Deno.test("MendingFile.close() ends the tries", async () => {
  await using trial = await Trial.make();
  await Deno.writeTextFile(trial.folder, "in the way");
  const file = trial.open(1);
  file.close();
  assert.equal(file.works, false);
  assert.equal(write(file), undefined);
});

Deno.test("MendingFile.close() leaves one file that another program can read", async () => {
  await using trial = await Trial.make();
  const file = trial.open();
  write(file);
  file.close();
  const left = await Array.fromAsync(Deno.readDir(trial.folder));
  assert.deepEqual(left.map(({ name }) => name), ["journal.db"]);
  assert.equal(askFile(trial.path, "PRAGMA integrity_check")[0]?.integrity_check, "ok");
});

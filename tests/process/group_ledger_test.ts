import assert from "node:assert/strict";
import { GroupLedger, type LedgerEntry, readLedger } from "../../src/process/group_ledger.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { runCaptured } from "../helpers/captured_child.ts";

const ONE: LedgerEntry = { mark: "worker-1", pgid: 4711, start_time: "815" };
const TWO: LedgerEntry = { mark: "worker-2", pgid: null, start_time: null };

const BOOT_ID = Deno.readTextFileSync("/proc/sys/kernel/random/boot_id").trim();

/** The path of a ledger in a folder of its own. */
class LedgerFolder implements AsyncDisposable {
  readonly path: string;
  readonly #folder: TemporaryFolder;

  private constructor(folder: TemporaryFolder) {
    this.#folder = folder;
    this.path = folder.join("hive.groups.json");
  }

  static async make(): Promise<LedgerFolder> {
    return new LedgerFolder(await TemporaryFolder.make());
  }

  async names(): Promise<string[]> {
    return (await Array.fromAsync(Deno.readDir(this.#folder.path))).map(({ name }) => name);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#folder[Symbol.asyncDispose]();
  }
}

Deno.test("GroupLedger keeps its entries for whoever reads it next", async () => {
  await using folder = await LedgerFolder.make();
  const ledger = new GroupLedger(folder.path);
  ledger.note(ONE);
  ledger.note(TWO);
  assert.deepEqual(await readLedger(folder.path), [ONE, TWO]);
});

Deno.test("GroupLedger replaces what it knew of a mark, and takes it off", async () => {
  await using folder = await LedgerFolder.make();
  const ledger = new GroupLedger(folder.path);
  ledger.note({ ...ONE, pgid: null, start_time: null });
  ledger.note(TWO);
  ledger.note(ONE);
  assert.deepEqual(await readLedger(folder.path), [ONE, TWO]);
  ledger.remove(ONE.mark);
  assert.deepEqual(await readLedger(folder.path), [TWO]);
  ledger.remove(TWO.mark);
  assert.deepEqual(await readLedger(folder.path), []);
  assert.deepEqual(await folder.names(), []);
});

Deno.test("GroupLedger has an entry on disk before note() returns", async () => {
  await using folder = await LedgerFolder.make();
  new GroupLedger(folder.path).note(TWO);
  const child = await runCaptured({ program: "cat", args: [folder.path] });
  assert.match(child.logged().join(""), /"mark":"worker-2","pgid":null,"start_time":null/);
});

Deno.test("GroupLedger is for its owner alone, and leaves nothing else behind", async () => {
  await using folder = await LedgerFolder.make();
  const ledger = new GroupLedger(folder.path);
  for (const entry of [ONE, TWO, ONE]) {
    ledger.note(entry);
    assert.equal((await Deno.stat(folder.path)).mode! & 0o777, 0o600);
  }
  assert.deepEqual(await folder.names(), ["hive.groups.json"]);
});

Deno.test("GroupLedger is for its owner alone also where a file was left that is not", async () => {
  await using folder = await LedgerFolder.make();
  for (const path of [folder.path, `${folder.path}.new`]) {
    await Deno.writeTextFile(path, "left");
    await Deno.chmod(path, 0o644);
  }
  new GroupLedger(folder.path).note(ONE);
  assert.equal((await Deno.stat(folder.path)).mode! & 0o777, 0o600);
});

Deno.test("GroupLedger without a path keeps nothing and says nothing", () => {
  using said = new RecordedNarration();
  const ledger = new GroupLedger();
  ledger.note(ONE);
  ledger.remove(ONE.mark);
  assert.deepEqual(said.records, []);
});

Deno.test("GroupLedger goes on where it cannot write, says so once, and writes all when it can", async () => {
  await using folder = await TemporaryFolder.make();
  using said = new RecordedNarration();
  const path = folder.join("later", "hive.groups.json");
  const ledger = new GroupLedger(path);
  ledger.note(ONE);
  ledger.note(TWO);
  assert.deepEqual(said.records.map(({ action, level }) => [action, level]), [["ledger", "warn"]]);
  assert.ok(said.records[0]!.human.startsWith(`Cannot write ${path}: `), said.records[0]!.human);
  await Deno.mkdir(folder.join("later"));
  ledger.note({ ...TWO, pgid: 12 });
  assert.deepEqual(await readLedger(path), [ONE, { ...TWO, pgid: 12 }]);
  await Deno.remove(folder.join("later"), { recursive: true });
  ledger.remove(ONE.mark);
  assert.equal(said.records.length, 2, "another failure is said again");
});

Deno.test("readLedger() of a file that is not there is empty, which is not worth a word", async () => {
  await using folder = await LedgerFolder.make();
  using said = new RecordedNarration();
  assert.deepEqual(await readLedger(folder.path), []);
  assert.deepEqual(said.records, []);
});

Deno.test("readLedger() believes nothing that was written before the machine was booted", async () => {
  await using folder = await LedgerFolder.make();
  using said = new RecordedNarration();
  const boot_id = crypto.randomUUID();
  await Deno.writeTextFile(folder.path, JSON.stringify({ boot_id, groups: [ONE] }));
  assert.deepEqual(await readLedger(folder.path), []);
  assert.deepEqual(said.records, []);
});

for (
  const [what, text] of [
    ["is empty", ""],
    ["was cut short", `{"boot_id":"${BOOT_ID}","groups":[{"mark":"worker-1","pg`],
    ["is no ledger", "[]"],
    ["has no boot", JSON.stringify({ groups: [ONE] })],
    ["names our own group", JSON.stringify({ boot_id: BOOT_ID, groups: [{ ...ONE, pgid: 0 }] })],
    ["names every process", JSON.stringify({ boot_id: BOOT_ID, groups: [{ ...ONE, pgid: 1 }] })],
    ["names a negative one", JSON.stringify({ boot_id: BOOT_ID, groups: [{ ...ONE, pgid: -5 }] })],
    ["has an empty mark", JSON.stringify({ boot_id: BOOT_ID, groups: [{ ...ONE, mark: "" }] })],
  ] as const
) {
  Deno.test(`readLedger() gives nothing of a file that ${what}, and says so`, async () => {
    await using folder = await LedgerFolder.make();
    using said = new RecordedNarration();
    await Deno.writeTextFile(folder.path, text);
    assert.deepEqual(await readLedger(folder.path), []);
    assert.deepEqual(said.records.map(({ action, level }) => [action, level]), [
      ["ledger", "warn"],
    ]);
    assert.ok(said.records[0]!.human.startsWith(`Cannot read ${folder.path}: `));
  });
}

Deno.test("readLedger() reads what was written in this boot", async () => {
  await using folder = await LedgerFolder.make();
  await Deno.writeTextFile(folder.path, JSON.stringify({ boot_id: BOOT_ID, groups: [ONE, TWO] }));
  assert.deepEqual(await readLedger(folder.path), [ONE, TWO]);
});

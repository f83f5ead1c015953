import assert from "node:assert/strict";
import { NvidiaSmi, type NvidiaSmiOptions, parseNvidiaSmi } from "../../src/hive/nvidia_smi.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { shellProgram } from "../helpers/shell_program.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const GIB = 1024 ** 3;

/** An nvidia-smi that is a shell script, and a clock that a test moves. */
class FakeNvidiaSmi implements AsyncDisposable {
  readonly smi: NvidiaSmi;
  nowMs = 0;
  readonly #folder: TemporaryFolder;

  private constructor(folder: TemporaryFolder, program: string, options: NvidiaSmiOptions) {
    this.#folder = folder;
    this.smi = new NvidiaSmi({ program, now: () => this.nowMs, limitMs: 20_000, ...options });
  }

  static async make(script: string, options: NvidiaSmiOptions = {}): Promise<FakeNvidiaSmi> {
    const folder = await TemporaryFolder.make();
    const counted = `echo "$*" >> ${folder.join("calls")}\n${script}`;
    const program = await shellProgram(folder, "nvidia-smi", counted);
    return new FakeNvidiaSmi(folder, program, options);
  }

  /** The arguments of each call so far. */
  async calls(): Promise<string[]> {
    return (await Deno.readTextFile(this.#folder.join("calls"))).trim().split("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** What is narrated while the cards are asked for. */
async function complaints(fake: FakeNvidiaSmi): Promise<string[]> {
  using said = new RecordedNarration();
  assert.deepEqual(await fake.smi.cards(), []);
  for (const { action, level } of said.records) {
    assert.deepEqual([action, level], ["nvidia_smi", "warn"]);
  }
  return said.records.map(({ human }) => human);
}

Deno.test("NvidiaSmi.cards() gives one card, as the driver describes it", async () => {
  await using fake = await FakeNvidiaSmi.make(
    "echo '0, NVIDIA GeForce RTX 4090, 24576, 20480, 37'",
  );
  assert.deepEqual(await fake.smi.cards(), [{
    index: 0,
    name: "NVIDIA GeForce RTX 4090",
    totalBytes: 24 * GIB,
    freeBytes: 20 * GIB,
    utilization: 37,
  }]);
  assert.deepEqual(await fake.calls(), [
    "--query-gpu=index,name,memory.total,memory.free,utilization.gpu --format=csv,noheader,nounits",
  ]);
});

Deno.test("NvidiaSmi.cards() gives two cards", async () => {
  await using fake = await FakeNvidiaSmi.make(
    "echo '0, Tesla T4, 15360, 15000, 0'; echo '1, Tesla T4, 15360, 100, 100'",
  );
  assert.deepEqual(
    (await fake.smi.cards()).map(({ index, freeBytes }) => [index, freeBytes! / 1024 ** 2]),
    [[0, 15_000], [1, 100]],
  );
});

Deno.test("NvidiaSmi.cards() gives none on a machine without it, and says nothing", async () => {
  using said = new RecordedNarration();
  assert.deepEqual(await new NvidiaSmi({ program: "no-such-nvidia-smi" }).cards(), []);
  assert.deepEqual(said.records, []);
});

Deno.test("NvidiaSmi.cards() gives none and warns when the answer is garbage", async () => {
  await using fake = await FakeNvidiaSmi.make("echo '0, Tesla T4, 15360, 15000, 0'; echo 'oops'");
  assert.deepEqual(await complaints(fake), [
    'Cannot ask nvidia-smi for its cards: its answer makes no sense: "oops"',
  ]);
});

Deno.test("NvidiaSmi.cards() gives none and tells why when it fails", async () => {
  const why =
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that";
  await using fake = await FakeNvidiaSmi.make(`echo "${why}"; exit 9`);
  assert.deepEqual(await complaints(fake), [
    `Cannot ask nvidia-smi for its cards: it ended with 9: ${why}`,
  ]);
});

Deno.test("NvidiaSmi.cards() gives up one that hangs", async () => {
  await using fake = await FakeNvidiaSmi.make("exec sleep 600", { limitMs: 50 });
  const [complaint, ...more] = await complaints(fake);
  assert.match(complaint!, /^Cannot ask nvidia-smi for its cards: ".*" did not end within 0\.05 s/);
  assert.deepEqual(more, []);
});

Deno.test("NvidiaSmi.cards() asks at most every 10 s, and once for all who ask meanwhile", async () => {
  await using fake = await FakeNvidiaSmi.make("echo '0, Tesla T4, 15360, 15000, 0'");
  await Promise.all([fake.smi.cards(), fake.smi.cards(), fake.smi.cards()]);
  fake.nowMs = 9_999;
  await fake.smi.cards();
  assert.equal((await fake.calls()).length, 1);
  fake.nowMs = 10_000;
  await fake.smi.cards();
  assert.equal((await fake.calls()).length, 2);
});

Deno.test("NvidiaSmi.cards() leaves a broken one alone for a minute, and complains once", async () => {
  await using fake = await FakeNvidiaSmi.make("echo broken; exit 1");
  assert.equal((await complaints(fake)).length, 1);
  fake.nowMs = 59_999;
  assert.equal((await complaints(fake)).length, 0);
  assert.equal((await fake.calls()).length, 1);
  fake.nowMs = 60_000;
  assert.equal((await complaints(fake)).length, 0);
  assert.equal((await fake.calls()).length, 2);
});

Deno.test("NvidiaSmi.known holds the last answer and asks nothing", async () => {
  await using fake = await FakeNvidiaSmi.make("echo '0, Tesla T4, 15360, 15000, 0'");
  assert.deepEqual(fake.smi.known, []);
  const cards = await fake.smi.cards();
  fake.nowMs = 1e6;
  assert.deepEqual(fake.smi.known, cards);
  assert.equal((await fake.calls()).length, 1);
});

Deno.test("parseNvidiaSmi() knows what the driver does not tell, and names with commas", () => {
  assert.deepEqual(
    parseNvidiaSmi(["2, Orin, nvgpu (a, b), [N/A], [Not Supported], [N/A]", "", "  "]),
    [{
      index: 2,
      name: "Orin, nvgpu (a, b)",
      totalBytes: null,
      freeBytes: null,
      utilization: null,
    }],
  );
  assert.deepEqual(parseNvidiaSmi([]), []);
});

for (
  const line of [
    "No devices were found",
    "0, Tesla T4, 15360, 15000",
    "x, Tesla T4, 15360, 15000, 0",
    "0, , 15360, 15000, 0",
    "0, Tesla T4, 15360 MiB, 15000, 0",
    "0, Tesla T4, -1, 15000, 0",
    "0, Tesla T4, 15360, 99999999999999999999, 0",
    ",,,,,,,",
  ]
) {
  Deno.test(`parseNvidiaSmi() takes "${line}" for no answer`, () => {
    assert.throws(() => parseNvidiaSmi(["0, Tesla T4, 1, 1, 0", line]), /makes no sense/);
  });
}

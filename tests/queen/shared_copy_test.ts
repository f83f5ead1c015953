import assert from "node:assert/strict";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import { type StoredModel, storedModelSchema } from "../../src/contracts/model.ts";
import { FakeHub } from "../helpers/fake_hub.ts";
import { errorOf, resultOf } from "../helpers/job_end.ts";
import { TestHive } from "../helpers/test_hive.ts";
import { TestQueen } from "../helpers/test_queen.ts";

const NAME = "hf:bees/big:big-Q4_K_M.gguf";
const PATH = "hf/bees/big/big-Q4_K_M.gguf";
// The demo model, made longer than a few blocks.
const BYTES = new Uint8Array(20_000_000);
BYTES.set(await Deno.readFile("src/models/demo_model/bee-tiny.gguf"));
const COPY = { operation: "model_copy", model: "hf:bees/big", from: "local", to: "gpu" };

/** Lets so many answers pass, and holds all others until it is opened. */
class Turnstile {
  readonly #opened = Promise.withResolvers<void>();
  readonly held = Promise.withResolvers<void>();
  #left: number;

  constructor(passing: number) {
    this.#left = passing;
  }

  async pass(): Promise<void> {
    if (this.#left-- > 0) return;
    this.held.resolve();
    await this.#opened.promise;
  }

  open(): void {
    this.#opened.resolve();
  }
}

/**
 * A queen with two hives that have one hub, of which the first has the model. The second is held after
 * the first block that it is sent.
 */
async function setUp() {
  const stack = new AsyncDisposableStack();
  const hub = stack.use(await FakeHub.start());
  hub.add("bees/big", { "big-Q4_K_M.gguf": { bytes: BYTES } });
  const local = stack.use(new TestHive({ store: { env: hub.env } }));
  const gpu = stack.use(
    new TestHive({ store: { env: hub.env, download: { retry: { firstMs: 1 } } } }),
  );
  const turnstile = new Turnstile(1);
  const { receipts } = gpu.models;
  const take = receipts.take.bind(receipts);
  receipts.take = async (...block) => {
    await turnstile.pass();
    await take(...block);
  };
  const queen = stack.use(await TestQueen.start(local.url));
  stack.defer(() => turnstile.open());
  queen.hives.add("gpu", { url: gpu.url });
  await queen.hives.ask("gpu");
  storedBy(await local.run({ operation: "model_download", model: "hf:bees/big" }));
  return { hub, gpu, queen, turnstile, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

function storedBy(events: readonly JobEvent[]): StoredModel {
  return storedModelSchema.parse(resultOf(events));
}

async function isRight({ models: { store } }: TestHive): Promise<void> {
  assert.deepEqual(await Deno.readFile(`${store.folder}/${PATH}`), BYTES);
}

Deno.test("two copies of one model to one hive share what comes", async () => {
  await using all = await setUp();
  const { queen, gpu, turnstile } = all;
  const first = await queen.watch(COPY);
  await turnstile.held.promise;
  const second = await queen.watch(COPY);
  await second.said(/is already being copied here/);
  turnstile.open();
  for (const { ended } of [first, second]) assert.equal(storedBy(await ended).state, "stored");
  await isRight(gpu);
});

Deno.test("a copy goes on where another that it waited for is cancelled", async () => {
  await using all = await setUp();
  const { queen, gpu, turnstile } = all;
  const first = await queen.watch(COPY);
  await turnstile.held.promise;
  const second = await queen.watch(COPY);
  await second.said(/is already being copied here/);
  await queen.client.cancel(first.id);
  const goingOn = second.said(/^Going on with .* from where it broke off/);
  turnstile.open();
  assert.equal((await first.ended).at(-1)?.type, "cancelled");
  await goingOn;
  assert.equal(storedBy(await second.ended).state, "stored");
  await isRight(gpu);
});

Deno.test("a download waits for a copy of the same model, and needs no hub", async () => {
  await using all = await setUp();
  const { hub, queen, gpu, turnstile } = all;
  const copy = await queen.watch(COPY);
  await turnstile.held.promise;
  const asked = hub.server.requests.length;
  const download = await gpu.watch({ operation: "model_download", model: "hf:bees/big:Q4_K_M" });
  await download.said(/is already being copied here/);
  turnstile.open();
  assert.equal(storedBy(await copy.ended).state, "stored");
  assert.equal(storedBy(await download.ended).state, "stored");
  assert.equal(hub.server.requests.length, asked);
  await isRight(gpu);
});

Deno.test("a copy waits for a download of the same model on the hive that it goes to", async () => {
  await using all = await setUp();
  const { hub, queen, gpu, turnstile } = all;
  hub.file("bees/big", "big-Q4_K_M.gguf").holdAfter = hub.server.sent + 1_000_000;
  const download = await gpu.watch({ operation: "model_download", model: "hf:bees/big" });
  await hub.server.held();
  const copy = await queen.watch(COPY);
  await copy.said(/is already being downloaded/);
  hub.server.release();
  assert.equal(storedBy(await download.ended).state, "stored");
  assert.equal(storedBy(await copy.ended).hive, "gpu");
  await Promise.race([
    turnstile.held.promise.then(() => assert.fail("a block was sent")),
    copy.ended,
  ]);
  await isRight(gpu);
});

Deno.test("a copy brings the rest where the download that it waited for fails", async () => {
  await using all = await setUp();
  const { hub, queen, gpu, turnstile } = all;
  turnstile.open();
  const file = hub.file("bees/big", "big-Q4_K_M.gguf");
  file.holdAfter = hub.server.sent + 1_000_000;
  const download = await gpu.watch({ operation: "model_download", model: "hf:bees/big" });
  await hub.server.held();
  const copy = await queen.watch(COPY);
  await copy.said(/is already being downloaded/);
  file.first = Array(100).fill({ status: 418 });
  file.breaks = Array(100).fill(0);
  hub.server.release();
  hub.server.breakOff();
  assert.equal(errorOf(await download.ended).code, "download_failed");
  assert.equal(storedBy(await copy.ended).state, "stored");
  await isRight(gpu);
});

Deno.test("a model that is being copied is removed by force alone, and the copy says so", async () => {
  await using all = await setUp();
  const { queen, gpu, turnstile } = all;
  const copy = await queen.watch(COPY);
  await turnstile.held.promise;
  const remove = { operation: "model_delete", model: NAME };
  const refused = errorOf(await gpu.run(remove));
  assert.equal(refused.code, "model_in_use");
  assert.match(refused.message, /is just coming, by a download or a copy/);
  const removed = gpu.run({ ...remove, force: true });
  assert.equal(storedBy(await removed).name, NAME);
  turnstile.open();
  const { code, message } = errorOf(await copy.ended);
  assert.equal(code, "download_cancelled");
  assert.match(message, /removed/);
  assert.equal(await gpu.models.store.find(NAME), undefined);
});

import assert from "node:assert/strict";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import {
  modelDetailsSchema,
  type StoredModel,
  storedModelSchema,
} from "../../src/contracts/model.ts";
import { FakeHub } from "../helpers/fake_hub.ts";
import { errorOf, resultOf } from "../helpers/job_end.ts";
import { ggufBytes } from "../helpers/file_server.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { TestHive } from "../helpers/test_hive.ts";

const NAME = "hf:bees/tiny:bee-tiny-F16.gguf";

function hiveOf(hub: FakeHub): TestHive {
  return new TestHive({
    store: { env: hub.env, download: { pieceBytes: 200_000, retry: { firstMs: 1 } } },
  });
}

async function download(hive: TestHive, model: string): Promise<StoredModel> {
  return storedModelSchema.parse(resultOf(await hive.run({ operation: "model_download", model })));
}

async function list(hive: TestHive): Promise<StoredModel[]> {
  const { models } = resultOf(await hive.run({ operation: "model_list" })) as {
    models: StoredModel[];
  };
  return models;
}

const said = (events: readonly JobEvent[], action: string) =>
  events.flatMap((event) => event.type === "narration" && event.action === action ? [event] : []);

Deno.test("model_download fetches, checks and keeps a model of a hub", async () => {
  await using hub = await FakeHub.start();
  await using hive = hiveOf(hub);
  const events = await hive.run({ operation: "model_download", model: "hf:bees/tiny" });
  assert.deepEqual(resultOf(events), {
    name: NAME,
    hive: "local",
    state: "stored",
    files: [{ path: "hf/bees/tiny/bee-tiny-F16.gguf", bytes: 1_695_616 }],
    bytes: 1_695_616,
    quantisation: "F16",
    parameters: 836_736,
    context: 256,
    architecture: "llama",
    used_by: [],
  });
  const progress = said(events, "model_download").flatMap(({ progress }) => progress ?? []);
  assert.deepEqual(progress.at(-1), { current: 1_695_616, total: 1_695_616, unit: "bytes" });
  const counts = progress.map(({ current }) => current);
  assert.deepEqual(counts, counts.toSorted((a, b) => a - b));
  assert.match(said(events, "model_check").at(-1)!.human, /has the right SHA-256/);
  const left = await Array.fromAsync(Deno.readDir(`${hive.models.store.folder}/hf/bees/tiny`));
  assert.deepEqual(left.map(({ name }) => name), ["bee-tiny-F16.gguf"]);
  const asked = hub.server.requests.length;
  const again = await hive.run({ operation: "model_download", model: NAME });
  assert.match(said(again, "model_download")[0]!.human, /is already here/);
  assert.equal(hub.server.requests.length, asked, "the hub is not asked for what is here");
});

Deno.test("model_list tells which worker uses the demo model", async () => {
  await using hub = await FakeHub.start();
  await using hive = hiveOf(hub);
  const worker = await hive.spawn();
  const [demo] = await list(hive);
  assert.deepEqual(demo!.used_by, [worker.worker_id]);
});

Deno.test("worker_spawn of a name of the hub fetches first, then loads, narrated in one job", async () => {
  await using hub = await FakeHub.start();
  await using hive = hiveOf(hub);
  const events = await hive.run({
    operation: "worker_spawn",
    model: "hf:bees/tiny:f16",
    device: "cpu",
  });
  const worker = resultOf(events) as { worker_id: string; model: string };
  assert.equal(worker.model, "hf:bees/tiny:f16");
  const actions = events.flatMap((event) => event.type === "narration" ? [event.action] : []);
  const order = ["worker_spawn", "model_find", "model_download", "model_check", "model_load"];
  assert.deepEqual(order.map((action) => actions.indexOf(action) >= 0), order.map(() => true));
  const places = order.map((action) => actions.indexOf(action));
  assert.deepEqual(places, places.toSorted((a, b) => a - b));
  const [demo, stored] = await list(hive);
  assert.deepEqual([demo!.name, demo!.used_by], ["bee-tiny", []]);
  assert.deepEqual([stored!.name, stored!.used_by], [NAME, [worker.worker_id]]);
  const refused = errorOf(await hive.run({ operation: "model_delete", model: "hf:bees/tiny" }));
  assert.equal(refused.code, "model_in_use");
  const gone = await hive.run({ operation: "model_delete", model: "hf:bees/tiny", force: true });
  assert.equal((resultOf(gone) as StoredModel).name, NAME);
  assert.equal((await hive.list())[0]!.state, "stopped");
  assert.deepEqual((await list(hive)).map(({ name }) => name), ["bee-tiny"]);
  assert.deepEqual(
    await Array.fromAsync(Deno.readDir(hive.models.store.folder)),
    [],
    "no empty folder is left",
  );
});

Deno.test("jobs that want the same model share one download, and one that is cancelled leaves it", async () => {
  await using hub = await FakeHub.start();
  hub.file("bees/tiny", "bee-tiny-F16.gguf").holdAfter = 600_000;
  await using hive = hiveOf(hub);
  const first = await hive.watch({ operation: "model_download", model: "hf:bees/tiny" });
  await hub.server.held();
  const second = await hive.watch({ operation: "model_download", model: NAME });
  await second.said(/is already being downloaded/);
  await hive.client.cancel(first.id);
  assert.equal((await first.ended).at(-1)?.type, "cancelled");
  const [, partial] = await list(hive);
  assert.equal(partial!.state, "downloading");
  hub.server.release();
  assert.equal((resultOf(await second.ended) as StoredModel).state, "stored");
  const path = hub.pathOf("bees/tiny", "bee-tiny-F16.gguf");
  const ranges = hub.server.rangesOf(path);
  assert.equal(new Set(ranges).size, ranges.length, "no range is fetched twice");
});

Deno.test("a download that is cancelled keeps what came, is listed, and goes on from there", async () => {
  await using hub = await FakeHub.start();
  hub.file("bees/tiny", "bee-tiny-F16.gguf").holdAfter = 600_000;
  await using hive = hiveOf(hub);
  const first = await hive.watch({ operation: "model_download", model: "hf:bees/tiny" });
  await hub.server.held();
  await hive.client.cancel(first.id);
  await first.ended;
  const [, partial] = await list(hive);
  assert.equal(partial!.state, "partial");
  assert.ok(partial!.bytes > 0 && partial!.bytes < 1_695_616);
  await hub.server.idle();
  hub.server.release();
  const sent = hub.server.sent;
  const events = await hive.run({ operation: "model_download", model: "hf:bees/tiny" });
  resultOf(events);
  assert.match(said(events, "model_download")[0]!.human, /^Going on with/);
  // With the list of files, which is sent again.
  assert.ok(hub.server.sent - sent < 1_695_616 - partial!.bytes + 2000);
});

Deno.test("a file with a wrong sum is thrown away, and the sentence says so", async () => {
  await using hub = await FakeHub.start();
  hub.add("bees/bad", { "x.gguf": { bytes: ggufBytes(300_000), sha256: "0".repeat(64) } });
  await using hive = hiveOf(hub);
  const { code, message } = errorOf(
    await hive.run({ operation: "model_download", model: "hf:bees/bad" }),
  );
  assert.equal(code, "checksum_mismatch");
  assert.match(message, /was thrown away; download it again$/);
  assert.deepEqual((await list(hive)).map(({ name }) => name), ["bee-tiny"]);
});

Deno.test("a page in place of a file is not kept", async () => {
  await using hub = await FakeHub.start();
  hub.server.files.set("/x.gguf", { bytes: new TextEncoder().encode("<!DOCTYPE html>") });
  await using hive = hiveOf(hub);
  const { code } = errorOf(
    await hive.run({ operation: "model_download", model: `${hub.url}/x.gguf` }),
  );
  assert.equal(code, "not_gguf");
  assert.deepEqual((await list(hive)).map(({ name }) => name), ["bee-tiny"]);
});

Deno.test("all parts of a split model come, and it is one model", async () => {
  await using hub = await FakeHub.start();
  const part = (n: number) => `Q4_K_M/big-Q4_K_M-0000${n}-of-00003.gguf`;
  hub.add("bees/big", {
    "big-Q8_0.gguf": { bytes: ggufBytes(900_000) },
    [part(1)]: { bytes: ggufBytes(100_000, 2) },
    [part(2)]: { bytes: ggufBytes(200_000, 3) },
    [part(3)]: { bytes: ggufBytes(300_000, 4) },
  });
  await using hive = hiveOf(hub);
  const model = await download(hive, "hf:bees/big");
  assert.equal(model.name, `hf:bees/big:${part(1)}`);
  assert.equal(model.bytes, 600_000);
  assert.deepEqual(
    model.files.map(({ path }) => path),
    [1, 2, 3].map((n) => `hf/bees/big/${part(n)}`),
  );
  assert.equal((await download(hive, `hf:bees/big:${part(2)}`)).name, model.name);
  const gone = await hive.run({ operation: "model_delete", model: "hf:bees/big" });
  assert.equal((resultOf(gone) as StoredModel).files.length, 3);
});

Deno.test("a model of an address is named by it, also with a query", async () => {
  await using hub = await FakeHub.start();
  const bytes = await Deno.readFile("src/models/demo_model/bee-tiny.gguf");
  for (const path of ["/a/b/x.gguf", "/a/b/x.gguf?v=2&w=%2F"]) {
    hub.server.files.set(path, { bytes });
  }
  await using hive = hiveOf(hub);
  for (const path of ["/a/b/x.gguf", "/a/b/x.gguf?v=2&w=%2F"]) {
    assert.equal((await download(hive, hub.url + path)).name, hub.url + path);
  }
  assert.equal((await list(hive)).length, 3);
});

Deno.test("model_get tells what the header says, and the sums where they are asked for", async () => {
  await using hub = await FakeHub.start();
  await using hive = hiveOf(hub);
  await download(hive, "hf:bees/tiny");
  const events = await hive.run({ operation: "model_get", model: "hf:bees/tiny", checksum: true });
  const details = modelDetailsSchema.parse(resultOf(events));
  assert.equal(details.facts["general.name"], "bee-tiny");
  assert.equal(details.sha256!.length, 1);
  assert.equal(details.sha256![0]!.length, 64);
});

for (
  const [model, code, sentence] of [
    ["hf:bees/none", "model_not_found", /has no hf:bees\/none \(404\)/],
    ["hf:bees/tiny:Q4_K_M", "model_not_found", /has no Q4_K_M; it has F16$/],
    ["hf:bees", "bad_model_name", /write hf:org\/repo/],
    ["http://example.org/x.gguf", "bad_model_name", /hive\.allow_http: true/],
    ["/tmp/x.gguf", "model_not_stored", /is a file that you keep yourself/],
  ] as const
) {
  Deno.test(`model_download of ${model} is ${code}`, async () => {
    await using hub = await FakeHub.start();
    await using hive = hiveOf(hub);
    const error = errorOf(await hive.run({ operation: "model_download", model }));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, sentence);
  });
}

Deno.test("a hub that wants to know who asks says what to set", async () => {
  await using hub = await FakeHub.start();
  hub.server.files.set("/api/models/bees/gated?blobs=true", {
    bytes: new Uint8Array(),
    first: [{ status: 401 }],
  });
  await using hive = hiveOf(hub);
  const error = errorOf(await hive.run({ operation: "model_download", model: "hf:bees/gated" }));
  assert.equal(error.code, "download_unauthorized");
  assert.match(error.message, /set HF_TOKEN .*rbee hive restart/);
});

Deno.test("a model whose file has percent, question mark and hash in its name can be used and removed", async () => {
  await using hub = await FakeHub.start();
  const file = "a%2fb?x#y-Q4_K_M.gguf";
  const bytes = await Deno.readFile("src/models/demo_model/bee-tiny.gguf");
  hub.add("bees/odd", { [file]: { bytes } });
  hub.server.files.set(hub.pathOf("bees/odd", encodeURIComponent(file)), { bytes });
  await using hive = hiveOf(hub);
  const { name } = await download(hive, "hf:bees/odd");
  assert.equal(name, `hf:bees/odd:${file}`);
  for (const model of [name, "hf:bees/odd:Q4_K_M"]) {
    const told = resultOf(await hive.run({ operation: "model_get", model })) as StoredModel;
    assert.equal(told.name, name);
  }
  const worker = await hive.spawn({ operation: "worker_spawn", model: name, device: "cpu" });
  assert.equal(worker.stored_as, name);
  resultOf(await hive.run({ operation: "model_delete", model: name, force: true }));
  assert.deepEqual((await list(hive)).map((each) => each.name), ["bee-tiny"]);
});

for (const file of ["a\nb\x1b[2J-Q4_K_M.gguf", "b\u009b31m.gguf", "a.gguf.part/b.gguf"]) {
  Deno.test(`model_download of a repository with ${JSON.stringify(file)} is bad_model_name, and shows it in one line`, async () => {
    await using hub = await FakeHub.start();
    hub.add("evil/ctl", { [file]: { bytes: ggufBytes(1000) } });
    await using hive = hiveOf(hub);
    const { code, message } = errorOf(
      await hive.run({ operation: "model_download", model: "hf:evil/ctl" }),
    );
    assert.equal(code, "bad_model_name");
    assert.doesNotMatch(message, /\p{Cc}/u);
  });
}

Deno.test("a download of an address says so by its address when it fails", async () => {
  await using hub = await FakeHub.start();
  hub.server.files.set("/x.gguf", { bytes: ggufBytes(1000), first: [{ status: 418 }] });
  await using hive = hiveOf(hub);
  const model = `${hub.url}/x.gguf`;
  const { message } = errorOf(await hive.run({ operation: "model_download", model }));
  assert.ok(message.startsWith(`Cannot fetch ${model}: `), message);
});

Deno.test("a model that a worker has through a link is not removed without force", async () => {
  await using hub = await FakeHub.start();
  await using hive = hiveOf(hub);
  await using folder = await TemporaryFolder.make();
  const { name, files } = await download(hive, "hf:bees/tiny");
  const link = folder.join("link.gguf");
  await Deno.symlink(`${hive.models.store.folder}/${files[0]!.path}`, link);
  const worker = await hive.spawn({ operation: "worker_spawn", model: link, device: "cpu" });
  const [, stored] = await list(hive);
  assert.deepEqual(stored!.used_by, [worker.worker_id]);
  const { code } = errorOf(await hive.run({ operation: "model_delete", model: name }));
  assert.equal(code, "model_in_use");
});

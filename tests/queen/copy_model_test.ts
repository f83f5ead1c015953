import assert from "node:assert/strict";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import { type StoredModel, storedModelSchema } from "../../src/contracts/model.ts";
import { type FileIdentity, PartFile } from "../../src/models/part_file.ts";
import { FakeHub } from "../helpers/fake_hub.ts";
import { ggufBytes } from "../helpers/file_server.ts";
import { errorOf, resultOf } from "../helpers/job_end.ts";
import { TestHive } from "../helpers/test_hive.ts";
import { TestQueen } from "../helpers/test_queen.ts";

const NAME = "hf:bees/tiny:bee-tiny-F16.gguf";
const COPY = { operation: "model_copy", model: "hf:bees/tiny", from: "local", to: "gpu" };

/** A queen with two hives, of which the first has a hub. */
async function twoHives(hub: FakeHub) {
  const stack = new AsyncDisposableStack();
  const local = stack.use(new TestHive({ store: { env: hub.env } }));
  const gpu = stack.use(new TestHive());
  const queen = stack.use(await TestQueen.start(local.url));
  queen.hives.add("gpu", { url: gpu.url });
  await queen.hives.ask("gpu");
  return { local, gpu, queen, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Leaves what a copy that broke off has brought of a file. */
async function beginFile(
  hive: TestHive,
  path: string,
  identity: FileIdentity,
  bytes: Uint8Array,
): Promise<void> {
  const part = await PartFile.open(`${hive.models.store.folder}/${path}`);
  await part.reset(identity);
  {
    using writer = await part.writeFrom(0);
    await writer.write(bytes);
  }
  await part.save();
  part.close();
}

function storedBy(events: readonly JobEvent[]): StoredModel {
  return storedModelSchema.parse(resultOf(events));
}

Deno.test("model_copy brings a model to a hive that reaches neither the other nor a hub", async () => {
  await using hub = await FakeHub.start();
  await using all = await twoHives(hub);
  const { queen, gpu } = all;
  storedBy(await queen.run({ operation: "model_download", model: "hf:bees/tiny" }));
  const events = await queen.run(COPY);
  const copied = storedBy(events);
  assert.deepEqual([copied.name, copied.hive, copied.state], [NAME, "gpu", "stored"]);
  const there = await Deno.readFile(`${gpu.models.store.folder}/hf/bees/tiny/bee-tiny-F16.gguf`);
  assert.deepEqual(there, await Deno.readFile("src/models/demo_model/bee-tiny.gguf"));
  const said = events.flatMap((event) => event.type === "narration" ? [event.human] : []);
  assert.ok(
    said.some((line) => /^Receiving hf:bees\/tiny:bee-tiny-F16.gguf: 100 %/.test(line)),
    said.join("\n"),
  );
  assert.ok(said.some((line) => /has the right SHA-256/.test(line)));
  const { models } = resultOf(await queen.run({ operation: "model_list" })) as unknown as {
    models: StoredModel[];
  };
  assert.deepEqual(models.map(({ name, hive }) => `${name} ${hive}`).sort(), [
    "bee-tiny gpu",
    "bee-tiny local",
    `${NAME} gpu`,
    `${NAME} local`,
  ]);
  const both = errorOf(await queen.run({ operation: "model_delete", model: NAME }));
  assert.equal(both.code, "model_ambiguous");
  storedBy(await queen.run({ operation: "model_delete", model: NAME, hive: "gpu" }));
});

Deno.test("model_copy goes on with what has come, and throws away what is not the same", async () => {
  await using hub = await FakeHub.start();
  await using all = await twoHives(hub);
  const { queen, gpu } = all;
  storedBy(await queen.run({ operation: "model_download", model: "hf:bees/tiny" }));
  const details = resultOf(
    await queen.run({ operation: "model_get", model: NAME, checksum: true }),
  ) as unknown as StoredModel & { sha256: string[] };
  const [{ path, bytes } = { path: "", bytes: 0 }] = details.files;
  const begun = { total: bytes, sha256: details.sha256[0]! };
  // Of the right length and with other bytes, as a broken disk would give them.
  await beginFile(gpu, path, begun, ggufBytes(1_000_000));
  const bad = errorOf(await queen.run(COPY));
  assert.equal(bad.code, "checksum_mismatch");
  assert.match(bad.message, /was thrown away; copy it again$/);

  const whole = await Deno.readFile("src/models/demo_model/bee-tiny.gguf");
  await beginFile(gpu, path, begun, whole.subarray(0, 1_000_000));
  const events = await queen.run(COPY);
  assert.equal(storedBy(events).state, "stored");
  const said = events.flatMap((event) => event.type === "narration" ? [event.human] : []);
  assert.ok(
    said.some((line) => /^Going on with .* from where it broke off/.test(line)),
    said.join("\n"),
  );
});

for (
  const [what, request, code] of [
    ["a hive that is not known", { ...COPY, to: "moon" }, "hive_not_found"],
    ["the demo model", { ...COPY, model: "bee-tiny" }, "model_not_stored"],
    ["one hive to itself", { ...COPY, to: "local" }, "invalid_request"],
    ["a model that is not there", { ...COPY, from: "gpu", to: "local" }, "model_not_found"],
  ] as const
) {
  Deno.test(`model_copy of ${what} is ${code}`, async () => {
    await using hub = await FakeHub.start();
    await using all = await twoHives(hub);
    const error = errorOf(await all.queen.run(request));
    assert.equal(error.code, code);
    if (code === "model_not_found") assert.match(error.message, /^Hive "gpu" does not have/);
  });
}

for (
  const path of [
    "/v1/models/files/hf/a/b/..%2f..%2f..%2fsecret.gguf",
    "/v1/models/files/hf/a/b/..%2Fx.gguf",
    "/v1/models/files/%2Fetc/a/b/passwd",
  ]
) {
  Deno.test(`a hive gives out no file for ${path}`, async () => {
    await using hive = new TestHive();
    const answer = await fetch(hive.url + path);
    assert.equal(answer.status, 404, await answer.text());
    const put = await fetch(`${hive.url}${path}?offset=0`, { method: "PUT", body: "GGUF" });
    assert.equal(put.status, 404, await put.text());
  });
}

for (const operation of ["model_get", "model_delete"]) {
  Deno.test(`${operation} of a model that a hive lacks names the hive as the queen knows it`, async () => {
    await using hub = await FakeHub.start();
    await using all = await twoHives(hub);
    const asked = { operation, model: "hf:nothing/here", hive: "gpu" };
    const { code, message } = errorOf(await all.queen.run(asked));
    assert.equal(code, "model_not_found");
    assert.match(message, /^Hive "gpu" does not have hf:nothing\/here; .* --hive gpu$/);
  });
}

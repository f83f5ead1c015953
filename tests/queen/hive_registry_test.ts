import assert from "node:assert/strict";
import { hiveTokenFile } from "../../src/config/paths.ts";
import { readTokenFile } from "../../src/config/token_file.ts";
import { hiveAnswerSchema } from "../../src/contracts/hive_address.ts";
import type { OperationBody } from "../../src/jobs/job_client.ts";
import { FakeHive } from "../helpers/fake_hive.ts";
import { ScriptedHive } from "../helpers/scripted_hive.ts";
import { TestHive } from "../helpers/test_hive.ts";
import { TestQueen } from "../helpers/test_queen.ts";

/** Runs a job to its end and gives what it said and how it ended. */
async function run(queen: TestQueen, body: OperationBody) {
  const said: string[] = [];
  const end = await queen.client.submitAndStream(body, (event) => {
    if (event.type === "narration") said.push(event.human);
  });
  return { said, end };
}

async function hiveOf(queen: TestQueen, body: OperationBody) {
  const { end } = await run(queen, body);
  assert.ok(end.type === "done", JSON.stringify(end));
  return hiveAnswerSchema.parse(end.result).hive;
}

Deno.test("hive_add writes the hive down and connects at once, hive_remove forgets it", async () => {
  await using queen = await TestQueen.start();
  await using hive = new ScriptedHive();
  const added = await run(queen, { operation: "hive_add", name: "attic", url: hive.url });
  assert.equal(added.end.type, "done");
  assert.deepEqual(added.said, [
    `Added hive attic at ${hive.url}`,
    "Hive attic is connected, version 0.1.0",
  ]);
  const file = `${queen.paths.config}/rbee.yaml`;
  assert.match(await Deno.readTextFile(file), /^hives:\n {2}attic:\n {4}url: http/);
  assert.equal((await hiveOf(queen, { operation: "hive_get", name: "attic" })).state, "connected");
  const removed = await run(queen, { operation: "hive_remove", name: "attic" });
  assert.deepEqual(removed.said, ["Removed hive attic; what runs there goes on"]);
  assert.doesNotMatch(await Deno.readTextFile(file), /attic/);
  const again = await run(queen, { operation: "hive_remove", name: "attic" });
  assert.ok(again.end.type === "error");
  assert.deepEqual([again.end.code, again.end.message], [
    "hive_not_found",
    'There is no hive "attic" (known: none); see rbee hive list',
  ]);
});

Deno.test("hive_add tells why the hive is not connected, and keeps it", async () => {
  await using queen = await TestQueen.start();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${listener.addr.port}`;
  listener.close();
  const { said } = await run(queen, { operation: "hive_add", name: "off", url });
  assert.match(said.at(-1)!, /^Hive off is not connected yet: Cannot reach .+ refused; start it/);
  assert.equal((await hiveOf(queen, { operation: "hive_get", name: "off" })).state, "unreachable");
});

Deno.test("hive_add of several at once writes all of them down", async () => {
  await using queen = await TestQueen.start();
  const names = ["a", "b", "c", "d"];
  const ends = await Promise.all(
    names.map((name) => run(queen, { operation: "hive_add", name, url: "http://127.0.0.1:9" })),
  );
  assert.ok(ends.every(({ end }) => end.type === "done"));
  const text = await Deno.readTextFile(`${queen.paths.config}/rbee.yaml`);
  for (const name of names) assert.match(text, new RegExp(`^  ${name}:$`, "m"));
});

Deno.test("hive_add makes a token for a hive behind ssh, which hive_remove takes away", async () => {
  await using queen = await TestQueen.start();
  // Nobody listens at this port, so ssh is refused before it asks anybody for anything.
  await hiveOf(queen, { operation: "hive_add", name: "gpu", ssh: "127.0.0.1:9" });
  const path = hiveTokenFile(queen.paths, "gpu");
  assert.match(await readTokenFile(path) ?? "", /^[\w-]{43}$/);
  await hiveOf(queen, { operation: "hive_remove", name: "gpu" });
  assert.equal(await readTokenFile(path), undefined);
});

for (
  const [what, fields, message] of [
    ["the name of this machine's own", { name: "local", url: "http://x" }, /must not be "local"/],
    ["no address", { name: "gpu" }, /either ssh or url/],
    ["an option as destination", { name: "gpu", ssh: "-oProxyCommand=touch x" }, /no ssh dest/],
    ["a command as destination", { name: "gpu", ssh: "a; touch x" }, /no ssh destination/],
    ["a name that is none", { name: "$(id)", url: "http://x" }, /letters, digits/],
  ] as const
) {
  Deno.test(`hive_add refuses ${what}`, async () => {
    await using queen = await TestQueen.start();
    const refused = async () => {
      const { end } = await run(queen, { operation: "hive_add", ...fields });
      if (end.type === "error") throw new Error(end.message);
    };
    await assert.rejects(refused, { message });
    await assert.rejects(Deno.stat(`${queen.paths.config}/rbee.yaml`), Deno.errors.NotFound);
  });
}

Deno.test("what a hive of another machine says is told with that machine's name", async () => {
  await using queen = await TestQueen.start();
  await using hive = new TestHive();
  await hiveOf(queen, { operation: "hive_add", name: "gpu", url: hive.url });
  const events: string[] = [];
  const end = await queen.client.submitAndStream(
    { operation: "worker_spawn", model: "bee-tiny", hive: "gpu" },
    (event) => void (event.type === "narration" && events.push(event.formatted)),
  );
  assert.ok(end.type === "done", JSON.stringify(end));
  const worker = end.result as { hive: string; worker_id: string };
  assert.equal(worker.hive, "gpu");
  const text = events.join("\n");
  assert.match(text, /^\[(hive:gpu {2}|keeper:gpu)\] worker_spawn {3}: Spawning worker/m);
  assert.match(text, /^\[worker:gpu\] worker_ready {3}: Ready/m);
  assert.deepEqual((await queen.hives.workers("gpu")).map(({ worker_id }) => worker_id), [
    worker.worker_id,
  ]);
  const stop = await run(queen, { operation: "worker_stop", worker_id: worker.worker_id });
  assert.equal(stop.end.type, "done");
});

Deno.test("a request for a hive goes to that one, whatever others have", async () => {
  await using here = new FakeHive();
  await using there = new FakeHive();
  here.addWorker();
  const { worker_id } = there.addWorker();
  await using queen = await TestQueen.start(here.url);
  await hiveOf(queen, { operation: "hive_add", name: "gpu", url: there.url });
  const { end } = await run(queen, {
    operation: "infer",
    model: "bee-tiny",
    prompt: "Fly",
    hive: "gpu",
  });
  assert.ok(end.type === "done", JSON.stringify(end));
  assert.deepEqual(end.result, { model: "bee-tiny", hive: "gpu", worker_id });
});

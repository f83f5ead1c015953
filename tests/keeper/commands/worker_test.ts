import assert from "node:assert/strict";
import { workerListSchema } from "../../../src/contracts/worker.ts";
import { FakeHive } from "../../helpers/fake_hive.ts";
import { RbeeHome } from "../../helpers/rbee_home.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";
import { TestHive } from "../../helpers/test_hive.ts";
import { TestQueen } from "../../helpers/test_queen.ts";

Deno.test("rbee worker spawns, lists, reads and stops a worker through the queen", async () => {
  await using home = await RbeeHome.create();
  await using hive = new TestHive();
  await using queen = await TestQueen.start(hive.url);
  const rbee = (...args: string[]) => home.rbee(["worker", ...args, "--queen", queen.url]);
  assert.deepEqual(await rbee("list"), { code: 0, stdout: "No workers\n", stderr: "" });

  const spawn = await rbee("spawn", "bee-tiny", "--device", "cpu", "--parallel", "2");
  assert.equal(spawn.code, 0, spawn.stderr);
  assert.match(spawn.stdout, /^worker-[0-9a-f-]{36}\n$/, "what rbee worker stop needs");
  assert.match(spawn.stderr, /^\[worker {4}\] model_load {5}: Loading bee-tiny: 100 %$/m);
  assert.match(spawn.stderr, /^\[worker {4}\] context {8}: 2 slots of 256 tokens each$/m);

  const [worker] = await hive.list();
  const { worker_id, pid } = worker!;
  const list = await rbee("list");
  const [head, row] = list.stdout.trimEnd().split("\n");
  assert.deepEqual(head?.split(/ +/), [
    "MODEL",
    "STATE",
    "HIVE",
    "ENGINE",
    "DEVICE",
    "REQUESTS",
    "WAITING",
    "RESTARTS",
    "PROCESS",
    "WORKER",
  ]);
  assert.deepEqual(row?.split(/ +/), [
    "bee-tiny",
    "ready",
    "local",
    "llama",
    "cpu",
    "0",
    "0",
    "0",
    String(pid),
    worker_id,
  ]);
  const json = workerListSchema.parse(JSON.parse((await rbee("list", "--json")).stdout));
  assert.deepEqual(json.workers, [worker]);

  const logs = await rbee("logs", worker_id);
  assert.deepEqual([logs.code, logs.stderr], [0, ""]);
  assert.match(logs.stdout, /^\[\S+ +\] worker_spawn {3}: Worker process \d+ started\n/);
  assert.match(logs.stdout, /^\[worker {4}\] listening {6}: Listening on /m);
  assert.match(logs.stdout, /worker_ready {3}: Ready: bee-tiny answers at \S+\n$/);

  const following = home.start(["worker", "logs", worker_id, "-f", "--queen", queen.url]);
  await following.line(/worker_ready/);
  const stop = await rbee("stop", worker_id);
  assert.deepEqual([stop.code, stop.stdout], [0, ""], stop.stderr);
  const followed = await following.result;
  assert.equal(followed.code, 0, followed.stderr);
  assert.match(followed.stdout, /\nEnded\n$/);
  assert.deepEqual((await hive.list()).map(({ state }) => state), ["stopped"]);
});

Deno.test("rbee worker tells why a worker failed, in its list and in its log", async () => {
  await using home = await RbeeHome.create();
  await using folder = await TemporaryFolder.make();
  await using hive = new TestHive();
  await using queen = await TestQueen.start(hive.url);
  const rbee = (...args: string[]) => home.rbee(["worker", ...args, "--queen", queen.url]);
  const path = folder.join("page.gguf");
  await Deno.writeTextFile(path, "<!DOCTYPE html>");
  const reason = `"${path}" is not a GGUF file (it does not begin with GGUF); ` +
    "download the model again, or convert it";
  const spawn = await rbee("spawn", path);
  assert.deepEqual([spawn.code, spawn.stdout], [1, ""]);
  assert.ok(spawn.stderr.endsWith(`Error: ${reason}\n`), spawn.stderr);
  const [worker] = await hive.list();
  const { stdout } = await rbee("list");
  assert.ok(stdout.endsWith(`${worker!.worker_id}: ${reason}\n`), stdout);
  const logs = await rbee("logs", worker!.worker_id);
  assert.ok(logs.stdout.endsWith(`Ended: ${reason}\n`), logs.stdout);
  const json = await rbee("logs", worker!.worker_id, "--json");
  assert.equal(JSON.parse(json.stdout.trimEnd().split("\n").at(-1)!).code, "not_gguf");
});

Deno.test("rbee worker spawn --json prints the end of the job alone", async () => {
  await using home = await RbeeHome.create();
  await using hive = new FakeHive();
  await using queen = await TestQueen.start(hive.url);
  const { code, stdout } = await home.rbee(
    ["worker", "spawn", "bee-tiny", "--json", "--queen", queen.url],
  );
  assert.equal(code, 0);
  const event = JSON.parse(stdout);
  assert.deepEqual([event.type, event.result], ["done", hive.workers[0]]);
});

Deno.test("rbee worker of one that is not there exits with 1 and names it", async () => {
  await using home = await RbeeHome.create();
  await using hive = new FakeHive();
  await using queen = await TestQueen.start(hive.url);
  const id = "worker-019c1234-5678-7abc-8def-0123456789ab";
  for (const command of ["stop", "logs"]) {
    const { code, stdout, stderr } = await home.rbee(
      ["worker", command, id, "--queen", queen.url],
    );
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, RegExp(`Error: Cannot find worker "${id}"; rbee worker list shows `));
  }
});

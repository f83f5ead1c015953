import assert from "node:assert/strict";
import { z } from "zod";
import { deviceInfoSchema } from "../../../src/contracts/device.ts";
import { workerInfoSchema } from "../../../src/contracts/worker.ts";
import { VERSION } from "../../../src/version.ts";
import { FakeHive } from "../../helpers/fake_hive.ts";
import { RbeeHome } from "../../helpers/rbee_home.ts";
import { TestHive } from "../../helpers/test_hive.ts";
import { TestQueen } from "../../helpers/test_queen.ts";

const statusSchema = z.strictObject({
  name: z.string(),
  url: z.string().nullable(),
  version: z.string().nullable(),
  devices: z.array(deviceInfoSchema),
  workers: z.array(workerInfoSchema),
});

/** The cells of each line. */
function cells(text: string): string[][] {
  return text.split("\n").map((line) => line.split(/ {2,}/));
}

Deno.test("rbee hive status shows this machine's devices and workers, without a queen", async () => {
  await using home = await RbeeHome.create();
  const hive = home.start(["serve", "--role", "hive", "--port", "0"]);
  await hive.line(/The hive is ready at /);
  const { url } = await home.daemon("hive");
  for (const args of [[], ["local"]]) {
    const { code, stdout, stderr } = await home.rbee(["hive", "status", ...args]);
    assert.deepEqual([code, stderr], [0, ""]);
    const [first, , head, cpu, ...rest] = cells(stdout);
    assert.deepEqual(first, [`Hive local runs at ${url}, version ${VERSION}`]);
    assert.deepEqual(head, ["DEVICE", "NAME", "FREE", "TOTAL"]);
    assert.equal(cpu?.[0], "cpu");
    assert.match(cpu?.[2] ?? "", /^\d+\.\d GB$/);
    assert.match(cpu?.[4] ?? "", /^\d+ cores?(, |$)/);
    assert.deepEqual(rest.slice(-2), [["No workers"], [""]]);
  }
  const { code, stdout } = await home.rbee(["hive", "status", "--json"]);
  const status = statusSchema.parse(JSON.parse(stdout));
  assert.deepEqual([code, status.name, status.url, status.version, status.workers], [
    0,
    "local",
    url,
    VERSION,
    [],
  ]);
  assert.equal(status.devices[0]?.kind, "cpu");
  hive.signal("SIGTERM");
  assert.equal((await hive.result).code, 0);
});

Deno.test("rbee hive status exits with 3 where no hive runs, also as JSON", async () => {
  await using home = await RbeeHome.create();
  const sentence = "No hive runs on this machine; start it with rbee up";
  assert.deepEqual(await home.rbee(["hive", "status"]), {
    code: 3,
    stdout: "",
    stderr: `Error: ${sentence}\n`,
  });
  const { code, stdout } = await home.rbee(["hive", "status", "--json"]);
  assert.deepEqual([code, JSON.parse(stdout)], [3, {
    error: { code: "not_running", message: sentence },
  }]);
});

Deno.test("rbee hive status of a queen that is named shows what she knows of a hive", async () => {
  await using home = await RbeeHome.create();
  await using hive = new TestHive();
  await using queen = await TestQueen.start(hive.url);
  const worker = await hive.spawn();
  const { code, stdout, stderr } = await home.rbee(["hive", "status", "--queen", queen.url]);
  assert.deepEqual([code, stderr], [0, ""]);
  const [first, , , cpu, , , row] = cells(stdout);
  assert.deepEqual(first, [`Hive local runs at ${hive.url}, version ${VERSION}`]);
  assert.equal(cpu?.[0], "cpu");
  assert.deepEqual([row?.[0], row?.[1], row?.at(-1)], ["bee-tiny", "ready", worker.worker_id]);
  const json = await home.rbee(["hive", "status", "local", "--json", "--queen", queen.url]);
  const status = statusSchema.parse(JSON.parse(json.stdout));
  assert.deepEqual([status.url, status.workers], [hive.url, [worker]]);
});

Deno.test("rbee hive status of a hive that nobody knows exits with 1 and names those that are known", async () => {
  await using home = await RbeeHome.create();
  await using hive = new FakeHive();
  await using queen = await TestQueen.start(hive.url);
  await using lonely = await TestQueen.start();
  for (const [{ url }, known] of [[queen, "local"], [lonely, "none"]] as const) {
    assert.deepEqual(await home.rbee(["hive", "status", "attic", "--queen", url]), {
      code: 1,
      stdout: "",
      stderr: `Error: There is no hive "attic" (known: ${known}); see rbee hive list\n`,
    });
  }
});

Deno.test("rbee hive status exits with 3 when the queen has lost the hive, and says why", async () => {
  await using home = await RbeeHome.create();
  const hive = new FakeHive();
  await using queen = await TestQueen.start(hive.url);
  await queen.hives.ask();
  await hive[Symbol.asyncDispose]();
  const { code, stdout, stderr } = await home.rbee(["hive", "status", "--queen", queen.url]);
  assert.deepEqual([code, stdout], [3, ""]);
  assert.equal(
    stderr,
    `Error: The queen is not connected to hive "local": Cannot reach ${hive.url}: ` +
      "connection refused; end it with rbee down, then rbee up\n",
  );
});

Deno.test("rbee hive status exits with 3 when there is no queen to ask about another hive", async () => {
  await using home = await RbeeHome.create();
  const { code, stderr } = await home.rbee(["hive", "status", "attic"]);
  assert.deepEqual([code, stderr], [3, "Error: No queen is running; start one with rbee up\n"]);
});

import assert from "node:assert/strict";
import { hiveListSchema } from "../../../src/contracts/hive.ts";
import { FakeHive } from "../../helpers/fake_hive.ts";
import { RbeeHome } from "../../helpers/rbee_home.ts";
import { TestQueen } from "../../helpers/test_queen.ts";
import { VERSION } from "../../../src/version.ts";

Deno.test("rbee status shows the queen, her hives and their workers", async () => {
  await using home = await RbeeHome.create();
  await using hive = new FakeHive();
  await using queen = await TestQueen.start(hive.url);
  const status = (...args: string[]) => home.rbee(["status", "--queen", queen.url, ...args]);
  const empty = await status();
  assert.deepEqual([empty.code, empty.stderr], [0, ""]);
  assert.ok(
    empty.stdout.endsWith(`\n\nNo workers\n\nPage: ${queen.url}/\n`),
    empty.stdout,
  );

  const worker = hive.addWorker({ requests: 2 });
  const [head, queenRow, hiveRow, , , workerRow] = (await status()).stdout.split("\n")
    .map((line) => line.split(/ +/));
  assert.deepEqual(head, ["ROLE", "NAME", "STATE", "VERSION", "URL"]);
  assert.deepEqual(queenRow, ["queen", "ok", VERSION, queen.url]);
  assert.deepEqual(hiveRow, ["hive", "local", "connected", VERSION, hive.url]);
  assert.deepEqual(workerRow?.slice(0, 6), [
    "bee-tiny",
    "ready",
    "local",
    "llama",
    "auto",
    "2",
  ]);

  const json = JSON.parse((await status("--json")).stdout);
  assert.deepEqual([json.queen.url, json.queen.role, json.workers], [queen.url, "queen", [worker]]);
  assert.equal(json.hives[0].name, "local");
});

Deno.test("rbee status without a queen exits with 3, also as JSON", async () => {
  await using home = await RbeeHome.create();
  assert.deepEqual(await home.rbee(["status"]), {
    code: 3,
    stdout: "No queen is running; start one with rbee up\n",
    stderr: "",
  });
  const { code, stdout } = await home.rbee(["status", "--json"]);
  assert.deepEqual([code, JSON.parse(stdout)], [3, { queen: null, hives: [], workers: [] }]);
});

Deno.test("rbee status exits with 3 when nobody answers at the address that was given", async () => {
  await using home = await RbeeHome.create();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${listener.addr.port}`;
  listener.close();
  assert.deepEqual(await home.rbee(["status", "--queen", url]), {
    code: 3,
    stdout: "",
    stderr: `Error: Cannot reach ${url}: connection refused\n`,
  });
});

Deno.test("rbee hive list shows the hives, and why one is out of reach", async () => {
  await using home = await RbeeHome.create();
  const hive = new FakeHive();
  const { url } = hive;
  await using queen = await TestQueen.start(url);
  await using lonely = await TestQueen.start();
  const list = (queenUrl: string, ...args: string[]) =>
    home.rbee(["hive", "list", "--queen", queenUrl, ...args]);
  const { stdout } = await list(queen.url);
  assert.deepEqual(stdout.split("\n").map((line) => line.split(/ +/)), [
    ["HIVE", "STATE", "VERSION", "WORKERS", "URL"],
    ["local", "connected", VERSION, "0", url],
    [""],
  ]);
  await hive[Symbol.asyncDispose]();
  const json = hiveListSchema.parse(JSON.parse((await list(queen.url, "--json")).stdout));
  assert.equal(json.hives[0]?.state, "unreachable");
  const gone = await list(queen.url);
  assert.ok(gone.stdout.includes(`Cannot reach ${url}: connection refused`), gone.stdout);
  assert.equal((await list(lonely.url)).stdout, "No hives; start this machine's with rbee up\n");
});

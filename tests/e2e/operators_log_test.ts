import assert from "node:assert/strict";
import { JobClient } from "../../src/jobs/job_client.ts";
import { JobReader } from "../helpers/job_reader.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";
import { enginesAsModels, fixtureEngine } from "../helpers/supervised_home.ts";

/** Serves a hive that starts one worker, and gives what it has written in the end. */
async function servedHive(...flags: string[]): Promise<{ stdout: string; stderr: string[] }> {
  await using home = await RbeeHome.create();
  await home.configure(enginesAsModels({ good: fixtureEngine() }));
  const hive = home.start(["serve", "--role", "hive", "--port", "0", ...flags]);
  await hive.line(/The hive is ready/);
  const client = new JobClient((await home.daemon("hive")).url);
  const { job_id } = await client.submit({ operation: "worker_spawn", model: "good" });
  const end = await new JobReader(client, job_id).end;
  assert.equal(end.type, "done", JSON.stringify(end));
  hive.signal("SIGTERM");
  const { code, stdout, stderr } = await hive.result;
  assert.equal(code, 0, stderr);
  return { stdout, stderr: stderr.split("\n").filter((line) => line !== "") };
}

Deno.test("rbee serve --log-format json writes the operator's log as JSON, and narrates as ever", async () => {
  const { stdout, stderr } = await servedHive("--log-format", "json");
  assert.match(stdout, /^\[hive {6}\] ready {10}: The hive is ready/m);
  assert.ok(stderr.length > 0);
  for (const line of stderr) {
    const { at, level, actor, line: said, ...rest } = JSON.parse(line);
    assert.ok(Number.isFinite(Date.parse(at)), line);
    assert.deepEqual({ level, actor, rest }, { level: "info", actor: "hive", rest: {} });
    assert.match(said, /^worker-\S+ std(out|err): /);
  }
});

Deno.test("rbee serve --log-level error leaves what its workers print to their own logs", async () => {
  const { stdout, stderr } = await servedHive("--log-level", "error");
  assert.match(stdout, /^\[hive {6}\] ready {10}: The hive is ready/m);
  assert.deepEqual(stderr, []);
});

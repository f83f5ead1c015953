import assert from "node:assert/strict";
import { enginesAsModels, fixtureEngine, SupervisedHome } from "../helpers/supervised_home.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { ToldText } from "../helpers/told_text.ts";

const PASSWORD = "Pollen4Bees";
const HUB_TOKEN = "hf_QmVlc0ZseUZyb21GbG93ZXIYz01234567";
const KEY_LINES = ["MIIEvQIBADANBgkqhkiG9w0BAQEF", "AASCBKcwggSjAgEAAoIBAQC7VJTU"];
const KEY = ["-----BEGIN PRIVATE KEY-----", ...KEY_LINES, "-----END PRIVATE KEY-----", ""];
const ADDRESS = `https://luna:${PASSWORD}@127.0.0.1:1/model.gguf?token=${HUB_TOKEN}`;

/** The fixture engine, before which a file is printed. */
function printing(path: string, ...flags: string[]): { command: string[] } {
  const script = 'cat "$1"; shift; exec "$@"';
  return { command: ["/bin/sh", "-c", script, "sh", path, ...fixtureEngine(...flags).command] };
}

/** All but what the person has written there. */
function isConfig(path: string): boolean {
  return path.endsWith("/config") || path.endsWith(".gguf");
}

Deno.test("what engines print of secrets is in no log, no stream, no error and no file", async () => {
  await using folder = await TemporaryFolder.make();
  const key = folder.join("key.pem");
  await Deno.writeTextFile(key, KEY.join("\n"));
  const dying = `error: 401 for Authorization: Bearer ${HUB_TOKEN}, proxy http://u:${PASSWORD}@p/`;
  await using home = await SupervisedHome.up(
    enginesAsModels({
      chatty: printing(key, "--print-env", "HF_TOKEN", "--print-args", "--die-with", dying),
      dying: printing(key, "--die-with", dying, "--die-loading"),
    }),
    { HF_TOKEN: HUB_TOKEN },
  );
  const told = new ToldText(PASSWORD, HUB_TOKEN, HUB_TOKEN.slice(3), ...KEY_LINES);
  const { worker_id } = await home.spawn("chatty");
  const lines = await home.logLines(worker_id);
  assert.ok(lines.includes("env HF_TOKEN=[redacted]"), "the engine has printed it");
  assert.equal(lines.filter((line) => line === "[redacted]").length, 4, "the key has four lines");
  const failed = await home.run({ operation: "worker_spawn", model: "dying" });
  assert.ok(failed.type === "error", JSON.stringify(failed));
  assert.match(JSON.stringify(failed), /\[redacted\]/, "it died of what it said");
  const asked = await home.rbee.rbee(["infer", "dying", "Hello"]);
  assert.equal(asked.code, 1);
  for (const args of [["worker", "logs", worker_id], ["hive", "logs"], ["queen", "logs"]]) {
    for (const flags of [[], ["--json"]]) {
      const { stdout, stderr } = await home.rbee.rbee([...args, ...flags]);
      told.look(args.join(" "), stdout + stderr);
    }
  }
  told.look("rbee infer", asked.stdout + asked.stderr);
  for (const client of [home.queen, home.hive]) {
    await told.lookAtJobs(client);
    await told.lookAtWorkers(client);
  }
  await home.end();
  await told.lookAtFiles(home.rbee.path, isConfig);
  assert.deepEqual(told.places, []);
});

Deno.test("an address with a password and a token is told without them, wherever it is refused", async () => {
  await using home = await SupervisedHome.up();
  const told = new ToldText(PASSWORD, HUB_TOKEN);
  for (
    const args of [
      ["model", "download", ADDRESS],
      ["model", "download", ADDRESS, "--json"],
      ["model", "show", ADDRESS],
      ["infer", ADDRESS, "Hello"],
      ["infer", ADDRESS, "Hello", "--json"],
      ["worker", "spawn", ADDRESS],
      ["hive", "add", "far", "--url", `http://luna:${PASSWORD}@127.0.0.1:1`],
      ["status", "--queen", `http://luna:${PASSWORD}@127.0.0.1:1`],
      ["status", `--queen=http://luna:${PASSWORD}@127.0.0.1:1`, "--password", PASSWORD],
    ]
  ) {
    const { code, stdout, stderr } = await home.rbee.rbee(args);
    assert.notEqual(code, 0, args.join(" "));
    told.look(`rbee ${args[0]} ${args[1]}`, stdout + stderr);
  }
  for (const operation of ["model_download", "model_get", "model_delete", "worker_spawn"]) {
    for (const { baseUrl } of [home.queen, home.hive]) {
      const answer = await fetch(`${baseUrl}/v1/jobs?stream=true`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ operation, model: ADDRESS }),
      });
      told.look(`${operation} of ${baseUrl}`, await answer.text());
    }
  }
  for (const client of [home.queen, home.hive]) await told.lookAtJobs(client);
  await home.end();
  await told.lookAtFiles(home.rbee.path, isConfig);
  assert.deepEqual(told.places, []);
});

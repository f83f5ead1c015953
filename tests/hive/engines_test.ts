import assert from "node:assert/strict";
import { hiveSettingsSchema } from "../../src/config/hive_settings.ts";
import { engineOf, type EngineParts } from "../../src/hive/engines.ts";
import { ExternalEngine } from "../../src/hive/external_engine.ts";
import { OwnEngine } from "../../src/hive/own_engine.ts";
import { engineHive, FIXTURE } from "../helpers/engine_hive.ts";

const SETTINGS = hiveSettingsSchema.parse({
  limits: { max_queue: 7, memory_check: false },
  engines: {
    "llama-server": { command: ["llama-server", "{port}"] },
    vllm: { command: ["vllm", "{port}"] },
  },
});
const PARTS: EngineParts = {
  checkMemory: undefined,
  stallMs: 4711,
  memoryBytes: (model) => model === "bee-tiny" ? 1000 : 0,
};
const SPEC = { model: "bee-tiny", device: "cpu", engine: "llama", options: {} };

Deno.test("engineOf() gives the engine inside rbee, with what the hive allows a worker", async () => {
  const engine = engineOf("llama", SETTINGS, PARTS);
  assert.ok(engine instanceof OwnEngine);
  const program = await engine.prepare(SPEC, new AbortController().signal);
  assert.deepEqual(program.args.slice(-3), [
    "--max-queue=7",
    "--memory-limit=1000",
    "--no-memory-check",
  ]);
  const { narration, url, stallMs, saysReady } = program;
  assert.deepEqual({ narration, url, stallMs, saysReady }, {
    narration: true,
    url: undefined,
    stallMs: 4711,
    saysReady: true,
  });
});

Deno.test("engineOf() gives an engine of rbee.yaml by its name", () => {
  assert.ok(engineOf("vllm", SETTINGS, PARTS) instanceof ExternalEngine);
  assert.ok(engineOf("llama-server", SETTINGS, PARTS) instanceof ExternalEngine);
});

for (const name of ["llama-sever", "constructor", "__proto__", "toString", ""]) {
  Deno.test(`engineOf() names the engines that there are to who asks for "${name}"`, () => {
    assert.throws(() => engineOf(name, SETTINGS, PARTS), {
      name: "RbeeError",
      code: "engine_not_found",
      message:
        `There is no engine "${name}" (known: llama, llama-server, vllm); add it under engines in rbee.yaml`,
    });
  });
}

Deno.test("a spawn with an engine that is not there is refused, and no worker is listed for it", async () => {
  await using hive = engineHive();
  await assert.rejects(hive.client.submit({ ...FIXTURE, engine: "vllm" }), {
    code: "engine_not_found",
    message: 'There is no engine "vllm" (known: llama, fixture); add it under engines in rbee.yaml',
  });
  assert.deepEqual([await hive.list(), await hive.client.list()], [[], []]);
});

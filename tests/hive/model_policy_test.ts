import assert from "node:assert/strict";
import { hiveSettingsSchema } from "../../src/config/hive_settings.ts";
import { idleMsOf, isPinned, modelsToPreload, settingsOf } from "../../src/hive/model_policy.ts";
import { isUsable } from "../../src/hive/worker_state.ts";
import { ChangingProgram } from "../helpers/changing_program.ts";
import { engineCommand } from "../helpers/engine_command.ts";
import { engineHive, FIXTURE } from "../helpers/engine_hive.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";

const SETTINGS = hiveSettingsSchema.parse({
  limits: { idle: "1m" },
  models: {
    plain: {},
    slow: { idle: "1h" },
    never: { idle: 0 },
    pinned: { pin: true, idle: "1s" },
    early: { preload: true },
    "/models/early.gguf": { preload: true, pin: true },
  },
});

Deno.test("idleMsOf() takes the model's idle time before the hive's, and none where it is pinned", () => {
  const idle = ["unknown", "plain", "slow", "never", "pinned"].map((model) =>
    idleMsOf(SETTINGS, model)
  );
  assert.deepEqual(idle, [60_000, 60_000, 3_600_000, 0, 0]);
});

Deno.test("isPinned() is true for what rbee.yaml pins alone", () => {
  const models = ["unknown", "plain", "pinned", "/models/early.gguf"];
  assert.deepEqual(models.map((model) => isPinned(SETTINGS, model)), [false, false, true, true]);
});

Deno.test("modelsToPreload() names them in the order of rbee.yaml", () => {
  assert.deepEqual(modelsToPreload(SETTINGS), ["early", "/models/early.gguf"]);
});

Deno.test("settingsOf() knows no model that every object has", () => {
  for (const model of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
    assert.equal(settingsOf(SETTINGS.models, model), undefined);
    assert.deepEqual([idleMsOf(SETTINGS, model), isPinned(SETTINGS, model)], [60_000, false]);
  }
});

Deno.test("preload() starts the models that rbee.yaml names, with what it says of them", async () => {
  await using hive = engineHive([], {
    models: {
      "bee-tiny": { preload: true, engine: "fixture", context: 64, parallel: 2 },
      other: { context: 8 },
    },
  });
  using narration = new RecordedNarration();
  hive.workers.preload();
  const [worker] = hive.workers.running();
  await worker!.ready;
  assert.deepEqual(worker?.spec, {
    model: "bee-tiny",
    device: "auto",
    engine: "fixture",
    options: { context: 64, parallel: 2 },
  });
  const said = narration.records.filter(({ action }) => action === "preload");
  assert.deepEqual(said.map(({ human, job_id }) => [human, job_id]), [
    ["Loading bee-tiny, as rbee.yaml says", undefined],
  ]);
  // Who asks for the model gets that worker.
  const { worker_id } = await hive.spawn({ operation: "worker_spawn", model: "bee-tiny" });
  assert.equal(worker_id, worker?.id);
  assert.equal((await hive.list()).length, 1);
});

Deno.test("preload() starts each but those that cannot be, which say why", async () => {
  await using hive = engineHive([], {
    models: {
      "bee-tiny": { preload: true, engine: "vllm" },
      "/missing/bee.gguf": { preload: true, engine: "fixture" },
    },
  });
  using narration = new RecordedNarration();
  hive.workers.preload();
  const [missing] = hive.workers.running();
  await missing!.gone;
  const errors = narration.records.filter(({ level }) => level === "error");
  assert.deepEqual(errors.map(({ action, human }) => [action, human]), [
    [
      "preload",
      'There is no engine "vllm" (known: llama, fixture); add it under engines in rbee.yaml',
    ],
    [
      "worker_failed",
      'Cannot find the model file "/missing/bee.gguf" on the hive\'s machine; check the path, or try bee-tiny',
    ],
  ]);
  assert.deepEqual((await hive.list()).map(({ model, state }) => [model, state]), [
    ["/missing/bee.gguf", "failed"],
  ]);
});

Deno.test("preload() starts nothing twice", async () => {
  await using hive = engineHive([], {
    models: { "bee-tiny": { preload: true, engine: "fixture" } },
  });
  hive.workers.preload();
  hive.workers.preload();
  assert.equal(hive.workers.running().length, 1);
  await hive.workers.running()[0]!.ready;
});

Deno.test("a worker that rbee.yaml wants from the begin stays when a spawn that waits for it is cancelled", async () => {
  await using program = await ChangingProgram.make({ first: 'read _ < "$GATE"' });
  await using hive = engineHive([], {
    models: { "bee-tiny": { preload: true, pin: true, engine: "fixture" } },
    engine: { command: [program.path, ...engineCommand()] },
  });
  hive.workers.preload();
  const [worker] = hive.workers.running();
  const job = await hive.watch(FIXTURE);
  await job.said(/^bee-tiny is already being loaded/);
  await hive.client.cancel(job.id);
  assert.equal((await job.ended).at(-1)?.type, "cancelled");
  const { state } = worker!;
  assert.ok(isUsable(state), state);
  await program.release();
  await worker!.ready;
});

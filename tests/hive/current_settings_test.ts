import assert from "node:assert/strict";
import { type HiveSettings, hiveSettingsSchema } from "../../src/config/hive_settings.ts";
import { CurrentSettings } from "../../src/hive/current_settings.ts";
import { control, FIXTURE, keepBusy } from "../helpers/engine_hive.ts";
import { engineCommand } from "../helpers/engine_command.ts";
import { TestHive } from "../helpers/test_hive.ts";

/** Settings with the fixture engine, whose requests wait until they are let go. */
function settingsWith(
  limits: Record<string, unknown>,
  other: Record<string, unknown> = {},
): HiveSettings {
  const engines = { fixture: { command: engineCommand("--gate") } };
  return hiveSettingsSchema.parse({ limits, engines, ...other });
}

/** A hive whose settings a test replaces. */
function changingHive(limits: Record<string, unknown>) {
  const settings = new CurrentSettings(settingsWith(limits));
  const hive = new TestHive({ settings });
  const change = (next: HiveSettings) => {
    settings.replace(next);
    hive.workers.reconfigured();
  };
  return { hive, change };
}

/** Another worker of the same model, for each `context` of its own. */
const other = (context: number) => ({ ...FIXTURE, context });

Deno.test("more places let those in who wait, while the others go on", async () => {
  const { hive: made, change } = changingHive({ max_workers: 1, idle: 0 });
  await using hive = made;
  const first = await hive.spawn(other(8));
  const request = await keepBusy(hive, first);
  const second = await hive.watch(other(16));
  await second.said(/The one worker that may run is in use; place 1 in the queue/);
  change(settingsWith({ max_workers: 2, idle: 0 }));
  assert.equal((await second.ended).at(-1)?.type, "done");
  await control(first, "release");
  assert.equal((await request.ended).at(-1)?.type, "done");
});

Deno.test("fewer places end nobody who is there, and as many as are too many go before another comes", async () => {
  const { hive: made, change } = changingHive({ max_workers: 3, idle: 0 });
  await using hive = made;
  for (const context of [8, 16, 32]) await hive.spawn(other(context));
  change(settingsWith({ max_workers: 1, idle: 0 }));
  assert.deepEqual((await hive.list()).map(({ state }) => state), ["ready", "ready", "ready"]);
  const { total, free } = hive.workers.places.telemetry;
  assert.deepEqual({ total, free }, { total: 1, free: 0 });
  await hive.spawn(other(64));
  assert.equal((await hive.list()).filter(({ state }) => state === "ready").length, 1);
});

Deno.test("a shorter idle time holds for workers that are there already", async () => {
  const { hive: made, change } = changingHive({ idle: 0 });
  await using hive = made;
  const worker = await hive.spawn(other(8));
  change(settingsWith({ idle: "1ms" }));
  await hive.workers.get(worker.worker_id).gone;
  assert.deepEqual((await hive.list()).map(({ state }) => state), ["stopped"]);
});

Deno.test("an engine and the defaults of a model hold for the next worker", async () => {
  const { hive: made, change } = changingHive({ idle: 0 });
  await using hive = made;
  await assert.rejects(hive.run({ ...FIXTURE, engine: "second" }), { code: "engine_not_found" });
  change(settingsWith({ idle: 0 }, {
    engines: { second: { command: engineCommand("--gate") } },
    models: { "bee-tiny": { engine: "second", parallel: 2 } },
  }));
  const worker = await hive.spawn({ operation: "worker_spawn", model: "bee-tiny" });
  assert.deepEqual([worker.engine, worker.parallel], ["second", 2]);
});

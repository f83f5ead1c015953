import { hiveSettingsSchema } from "../../src/config/hive_settings.ts";
import type { LifecycleParts } from "../../src/hive/lifecycle_parts.ts";
import type { OperationBody } from "../../src/jobs/job_client.ts";
import { engineCommand } from "./engine_command.ts";
import type { AskedRequest } from "./running_engine.ts";
import { TestHive } from "./test_hive.ts";

/** Asks for a worker of the fixture engine. */
export const FIXTURE: OperationBody = {
  operation: "worker_spawn",
  model: "bee-tiny",
  engine: "fixture",
};

/** What a hive with the fixture engine may be told beside the flags of that engine. */
export interface EngineHiveOptions extends Omit<Partial<LifecycleParts>, "settings"> {
  beatMs?: number;
  /** As they stand in rbee.yaml below `hive`. */
  limits?: Record<string, unknown>;
  models?: Record<string, unknown>;
  /** Further engines. */
  engines?: Record<string, unknown>;
  /** Further settings of the fixture engine. */
  engine?: Record<string, unknown>;
}

/** A hive whose engine `fixture` is the fixture engine with `flags`. Restarts do not wait for long. */
export function engineHive(
  flags: readonly string[] = [],
  options: EngineHiveOptions = {},
): TestHive {
  const { limits = {}, models = {}, engines = {}, engine = {}, ...parts } = options;
  return new TestHive({
    restarts: { firstMs: 1, maxMs: 1 },
    settings: hiveSettingsSchema.parse({
      limits,
      models,
      engines: { fixture: { command: engineCommand(...flags), ...engine }, ...engines },
    }),
    ...parts,
  });
}

/** Sends `POST /control/…` to a worker of the fixture engine. */
export async function control(worker: { url: string | null }, path: string): Promise<void> {
  const answer = await fetch(`${worker.url}/control/${path}`, { method: "POST" });
  await answer.body?.cancel();
}

/** What a worker of the fixture engine was asked; waits for `?arrived=N` or `?ended=N` requests. */
export async function askedOf(
  worker: { url: string | null },
  query = "",
): Promise<AskedRequest[]> {
  const answer = await fetch(`${worker.url}/control/requests${query}`);
  return ((await answer.json()) as { requests: AskedRequest[] }).requests;
}

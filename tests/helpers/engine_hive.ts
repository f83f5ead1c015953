import { hiveSettingsSchema } from "../../src/config/hive_settings.ts";
import type { LifecycleParts } from "../../src/hive/lifecycle_parts.ts";
import { JobClient, type OperationBody } from "../../src/jobs/job_client.ts";
import { engineCommand } from "./engine_command.ts";
import type { AskedRequest } from "./running_engine.ts";
import { TestHive, type WatchedJob, watchJob } from "./test_hive.ts";

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

/** Speaks to a worker through its hive's proxy. */
export function proxied(hive: TestHive, worker: { worker_id: string }): JobClient {
  return new JobClient(`${hive.url}/v1/workers/${worker.worker_id}/proxy`);
}

/** Has a worker of the fixture engine work on a request, which its flag `--gate` keeps there. */
export async function keepBusy(
  hive: TestHive,
  worker: { worker_id: string; model: string; url: string | null },
): Promise<WatchedJob> {
  const client = proxied(hive, worker);
  const { length } = await askedOf(worker);
  const { job_id } = await client.submit({
    operation: "infer",
    model: worker.model,
    prompt: "Fly",
    max_tokens: 1,
  });
  await askedOf(worker, `?arrived=${length + 1}`);
  return watchJob(client, job_id);
}

/**
 * A hive as {@linkcode engineHive} makes it, whose first worker for `bee-tiny` is in use from the very
 * moment in which it is ready until the test lets go of it: it cannot be idle before the test goes on.
 */
export function holdingHive(
  flags: readonly string[] = [],
  options: EngineHiveOptions = {},
): { hive: TestHive; letGo(): void } {
  let end: (() => void) | undefined;
  const hive: TestHive = engineHive(flags, {
    ...options,
    onChange: () => {
      hive.feed.changed();
      const first = hive.workers.running().find(({ spec, state }) =>
        spec.model === FIXTURE["model"] && state === "ready"
      );
      if (first !== undefined) end ??= hive.workers.use(first.id);
    },
  });
  return { hive, letGo: () => end?.() };
}

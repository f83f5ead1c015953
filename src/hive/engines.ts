import { RbeeError } from "../base/rbee_error.ts";
import { OWN_ENGINE } from "../config/engine_settings.ts";
import type { HiveSettings } from "../config/hive_settings.ts";
import type { Engine } from "./engine.ts";
import { type CheckMemory, ExternalEngine } from "./external_engine.ts";
import { OwnEngine } from "./own_engine.ts";
import { provideLocalModel, type ProvideModel } from "./provide_model.ts";

/** What engines need of their hive. */
export interface EngineParts {
  /** Default: {@linkcode provideLocalModel}. */
  provideModel?: ProvideModel | undefined;
  checkMemory: CheckMemory | undefined;
  /** The limit without progress while our own worker loads, in milliseconds. */
  stallMs: number | undefined;
  /** What a worker of a model that starts now may take of the memory. */
  memoryBytes(model: string): number | undefined;
}

/**
 * The engine of a name: the one inside rbee, or one of rbee.yaml.
 *
 * @throws {RbeeError} `engine_not_found` If there is none of that name.
 */
export function engineOf(name: string, settings: HiveSettings, parts: EngineParts): Engine {
  const { limits, engines } = settings;
  const { provideModel = provideLocalModel } = parts;
  if (name === OWN_ENGINE) {
    return new OwnEngine(({ model }) => ({
      maxQueue: limits.max_queue,
      memoryCheck: limits.memory_check,
      memoryBytes: parts.memoryBytes(model),
    }), { stallMs: parts.stallMs, provideModel });
  }
  const external = Object.hasOwn(engines, name) ? engines[name] : undefined;
  if (external !== undefined) {
    return new ExternalEngine(external, { checkMemory: parts.checkMemory, provideModel });
  }
  const known = engineNames(settings).join(", ");
  throw new RbeeError(
    "engine_not_found",
    `There is no engine "${name}" (known: ${known}); add it under engines in rbee.yaml`,
  );
}

/** The names of the engines that a hive can start, the one inside rbee first. */
export function engineNames({ engines }: Pick<HiveSettings, "engines">): string[] {
  return [OWN_ENGINE, ...Object.keys(engines)];
}

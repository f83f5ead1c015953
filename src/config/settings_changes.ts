import type { RbeeYaml } from "./rbee_yaml.ts";

/** A role that reads `rbee.yaml`. */
type Reader = "queen" | "hive";

/** What a role takes up while it runs; all else that it reads needs a restart. */
const LIVE: Record<Reader, readonly string[]> = {
  queen: ["queen.names", "queen.max_requests", "queen.max_queue", "models", "hives", "limits"],
  hive: [
    "hive.names",
    "hive.idle",
    "hive.max_workers",
    "hive.max_queue",
    "hive.memory_check",
    "hive.allow_http",
    "models",
    "engines",
    "limits",
  ],
};

/** What a role does not read. */
const FOREIGN: Record<Reader, readonly string[]> = {
  queen: ["hive", "engines"],
  hive: ["queen", "hives"],
};

/** What is new in `rbee.yaml` for a role, by its keys in the order of the schema. */
export interface SettingsChanges {
  /** What holds from now on. */
  live: string[];
  /** What holds after a restart. */
  restart: string[];
}

/**
 * Compares what a role read of `rbee.yaml` with what stands there now. A model, an engine and a hive
 * count as one key each.
 */
export function settingsChanges(role: Reader, before: RbeeYaml, after: RbeeYaml): SettingsChanges {
  const changed = changedKeys(before, after).filter((key) => !isUnder(key, FOREIGN[role]));
  return {
    live: changed.filter((key) => isUnder(key, LIVE[role])),
    restart: changed.filter((key) => !isUnder(key, LIVE[role])),
  };
}

function changedKeys(before: RbeeYaml, after: RbeeYaml): string[] {
  return (Object.keys(after) as (keyof RbeeYaml)[]).flatMap((part) => {
    const [old, now] = [
      new Map(Object.entries(before[part])),
      new Map(Object.entries(after[part])),
    ];
    const names = new Set([...old.keys(), ...now.keys()]);
    return [...names].filter((name) =>
      JSON.stringify(old.get(name)) !== JSON.stringify(now.get(name))
    )
      .map((name) => `${part}.${name}`);
  });
}

function isUnder(key: string, parts: readonly string[]): boolean {
  return parts.some((part) => key === part || key.startsWith(`${part}.`));
}

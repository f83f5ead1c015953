import type { Setting } from "../config/setting_sources.ts";

/** A variable of the environment, and the keys of rbee.yaml that it decides before the file does. */
export interface Decider {
  /** `RBEE_HOST`. */
  twin: string;
  /** `queen.host`. */
  keys: readonly string[];
}

/** What the variables of `env` decide, in the order of `deciders`. */
export function decidedByVariables(
  env: Readonly<Record<string, string>>,
  deciders: readonly Decider[],
): Setting[] {
  return deciders.flatMap(({ twin, keys }) => {
    const value = env[twin];
    if (value === undefined) return [];
    return keys.map((key) => ({ key, value, source: "environment" as const, name: twin }));
  });
}

/**
 * The settings of a file with what was decided elsewhere in their places. What the file has no value for
 * stands behind the others of its part. Of two that decide one key the later holds.
 */
export function decidedSettings(
  settings: readonly Setting[],
  decided: readonly Setting[],
): Setting[] {
  const all = [...settings];
  for (const setting of decided) {
    const at = all.findIndex(({ key }) => key === setting.key);
    if (at >= 0) all[at] = setting;
    else {
      const part = setting.key.slice(0, setting.key.indexOf(".") + 1);
      const last = all.findLastIndex(({ key }) => key.startsWith(part));
      all.splice(last < 0 ? all.length : last + 1, 0, setting);
    }
  }
  return all;
}

import { redact, REDACTED } from "../base/redact.ts";
import type { Paths } from "../config/paths.ts";
import { nearestName } from "../config/nearest_name.ts";
import type { Setting } from "../config/setting_sources.ts";
import type { FlagTwin } from "./flag_twins.ts";
import { formatTable } from "./table.ts";

// What an engine is given may be a key, whatever its name.
const ENGINE_VARIABLE = /^engines\..*\.env\.[^.]+$/;
// That of TLS is the path of a file.
const SECRET_NAME = /(^|[_.-])(token|(?<!tls[_-])key|secret|password|passwd|auth)$/i;

// Read by rbee itself, and no flag's twin.
const OTHER_VARIABLES: Record<string, true> = {
  RBEE_HOME: true,
  RBEE_NARRATION: true,
  RBEE_TOKEN: true,
  RBEE_WORKER: true,
  RBEE_EXECUTABLE: true,
};

type Environment = Readonly<Record<string, string>>;

/** The folders of this home, and what says where they are. */
export function folderSettings(paths: Paths, env: Environment): Setting[] {
  return (["config", "state", "data", "cache"] as const).map((folder) => {
    const named = ["RBEE_HOME", `XDG_${folder.toUpperCase()}_HOME`]
      .find((name) => name === "RBEE_HOME" ? env[name] : env[name]?.startsWith("/"));
    const setting = { key: `folder.${folder}`, value: paths[folder] };
    return named === undefined
      ? { ...setting, source: "default" }
      : { ...setting, source: "environment", name: named };
  });
}

/** The flags that the environment sets for every command that has them, sorted by name. */
export function environmentSettings(
  env: Environment,
  options: { twins: readonly FlagTwin[]; except: readonly string[] },
): Setting[] {
  return options.twins.filter(({ name }) =>
    env[name] !== undefined && !options.except.includes(name)
  )
    .map(({ name, flag }): Setting => ({
      key: flag,
      value: env[name],
      source: "environment",
      name,
    }))
    .toSorted((a, b) => a.key < b.key ? -1 : 1);
}

/** A sentence for each variable that looks like one of rbee's and is none. */
export function strangeVariables(env: Environment, twins: readonly FlagTwin[]): string[] {
  const known = [...twins.map(({ name }) => name), ...Object.keys(OTHER_VARIABLES)];
  return Object.keys(env)
    .filter((name) => name.startsWith("RBEE_") && !known.includes(name)).toSorted()
    .map((name) => {
      const near = nearestName(name, known);
      return `The variable ${name} is not read by rbee` +
        (near === undefined
          ? "; rbee COMMAND --help names those that are"
          : `; did you mean ${near}?`);
    });
}

/** The setting without what nobody else may read. */
export function withoutSecrets(setting: Setting): Setting {
  const { key, value } = setting;
  if (ENGINE_VARIABLE.test(key)) return { ...setting, value: REDACTED };
  if (typeof value === "string") {
    return { ...setting, value: SECRET_NAME.test(key) ? REDACTED : redact(value) };
  }
  return Array.isArray(value) ? { ...setting, value: value.map(redactArgument) } : setting;
}

/** Hides an argument that is a secret by itself, or by the flag before it. */
function redactArgument(argument: unknown, i: number, all: unknown[]): unknown {
  if (typeof argument !== "string") return argument;
  const before = all[i - 1];
  const isFlagged = typeof before === "string" && before.startsWith("-") &&
    redact(`${before} ${argument}`) === `${before} ${REDACTED}`;
  return isFlagged ? REDACTED : redact(argument);
}

/** A line for each setting. */
export function settingLines(settings: readonly Setting[]): string[] {
  return formatTable(
    ["KEY", "VALUE", "FROM"],
    settings.map((setting) => [setting.key, shownValue(setting.value), sourceOf(setting)]),
  );
}

function shownValue(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  // A value may hold line ends, and a row may not.
  return /^[\x20-\x7e\u00a0-\uffff]+$/u.test(text) ? text : JSON.stringify(value);
}

function sourceOf(setting: Setting): string {
  switch (setting.source) {
    case "default":
      return "default";
    case "file":
      return `rbee.yaml:${setting.line}`;
    case "environment":
      return `environment ${setting.name}`;
    case "flag":
      return `flag ${setting.name}`;
  }
}

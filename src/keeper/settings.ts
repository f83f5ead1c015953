import { RbeeError } from "../base/rbee_error.ts";
import { type Paths, resolvePaths } from "../config/paths.ts";
import { rbeeYamlSchema, readRbeeYaml } from "../config/rbee_yaml.ts";

/** What a command works with, from flags, environment and rbee.yaml in that order. */
export interface Settings {
  paths: Paths;
  /** Where the person said that the queen is. */
  queenUrl: string | undefined;
  queen: { host: string; port: number };
  hive: { host: string; port: number };
}

/** The flags, or their twins in the environment, that settings come from. */
export interface SettingsFlags {
  queen?: string | undefined;
  queenPort?: number | undefined;
  hivePort?: number | undefined;
  /** Works with the defaults in place of rbee.yaml. */
  ignoreConfig?: boolean;
}

/**
 * Puts the settings of a command together.
 *
 * @throws {RbeeError} `bad_config` If rbee.yaml does not fit; `usage` If `--queen` is no URL or a port
 * is none.
 */
export async function readSettings(flags: SettingsFlags): Promise<Settings> {
  const paths = resolvePaths();
  const file = flags.ignoreConfig ? rbeeYamlSchema.parse({}) : await readRbeeYaml(paths.config);
  return {
    paths,
    queenUrl: flags.queen === undefined ? undefined : readUrl(flags.queen),
    queen: {
      host: file.queen.host,
      port: readPort("--queen-port", flags.queenPort) ?? file.queen.port,
    },
    hive: {
      host: file.hive.host,
      port: readPort("--hive-port", flags.hivePort) ?? file.hive.port,
    },
  };
}

function readUrl(given: string): string {
  const url = URL.parse(given);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new RbeeError(
      "usage",
      `--queen "${given}" is not a URL; give one such as http://127.0.0.1:7833`,
    );
  }
  return url.origin;
}

/**
 * Checks a port that a flag gives.
 *
 * @throws {RbeeError} `usage` If it is none.
 */
export function readPort(flag: string, given: number | undefined): number | undefined {
  if (given === undefined || given >= 0 && given <= 65_535) return given;
  throw new RbeeError("usage", `${flag} ${given} is not a port; give 0 to 65535`);
}

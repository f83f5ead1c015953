import { RbeeError } from "../base/rbee_error.ts";
import { type Paths, resolvePaths } from "../config/paths.ts";
import { isToken, readTokenFile } from "../config/token_file.ts";
import { rbeeYamlPath, rbeeYamlSchema, readRbeeYaml } from "../config/rbee_yaml.ts";
import { besideYaml } from "../config/tls_keys.ts";
import { readAuthorities } from "../http/trusted_authorities.ts";

/** What a command works with, from flags, environment and rbee.yaml in that order. */
export interface Settings {
  paths: Paths;
  /** Where the person said that the queen is. */
  queenUrl: string | undefined;
  /** What the person gave to show the queen, by `--token-file` or RBEE_TOKEN. */
  token?: string | undefined;
  /** The file that it came from; undefined: RBEE_TOKEN. */
  tokenFile?: string | undefined;
  /** The certificate authorities to trust beside the system's, as PEM. */
  ca?: string | undefined;
  queen: { host: string; port: number };
  hive: { host: string; port: number };
}

/** The flags, or their twins in the environment, that settings come from. */
export interface SettingsFlags {
  queen?: string | undefined;
  queenPort?: number | undefined;
  hivePort?: number | undefined;
  tokenFile?: string | undefined;
  ca?: string | undefined;
  /** Works with the defaults in place of rbee.yaml. */
  ignoreConfig?: boolean;
}

/**
 * Puts the settings of a command together.
 *
 * @throws {RbeeError} `bad_config` If rbee.yaml does not fit; `usage` If `--queen` is no URL, a port
 * is none, or RBEE_TOKEN holds no token; `bad_token` If the file of `--token-file` holds none;
 * `tls_authority` If that of `--ca` does not fit.
 *
 * @param options.token What RBEE_TOKEN holds; `--token-file` beats it.
 */
export async function readSettings(
  flags: SettingsFlags,
  options: { token?: string | undefined } = {},
): Promise<Settings> {
  const paths = resolvePaths();
  const file = flags.ignoreConfig ? rbeeYamlSchema.parse({}) : await readRbeeYaml(paths.config);
  const ca = flags.ca ?? (file.queen.ca && besideYaml(file.queen.ca, rbeeYamlPath(paths.config)));
  return {
    paths,
    queenUrl: flags.queen === undefined ? undefined : readUrl(flags.queen),
    token: flags.tokenFile === undefined
      ? checkToken(options.token)
      : await readGivenToken(flags.tokenFile),
    tokenFile: flags.tokenFile,
    ca: ca === undefined ? undefined : await readAuthorities(ca),
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

/**
 * The token in a file that the person names.
 *
 * @throws {RbeeError} `usage` If there is no such file; `bad_token` If it holds none.
 */
export async function readGivenToken(path: string): Promise<string> {
  const token = await readTokenFile(path);
  if (token !== undefined) return token;
  throw new RbeeError("usage", `There is no file ${path}; write the token into it, as one line`);
}

function checkToken(given: string | undefined): string | undefined {
  if (given === undefined || isToken(given)) return given;
  throw new RbeeError(
    "usage",
    "RBEE_TOKEN holds no token; set it to one line of 1 to 4,096 visible ASCII characters, or unset it",
  );
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

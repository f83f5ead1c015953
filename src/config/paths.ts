import { join } from "node:path";
import { RbeeError } from "../base/rbee_error.ts";

/** Where this home keeps its files. All absolute. */
export interface Paths {
  /** `rbee.yaml`. */
  config: string;
  /** Pid files and logs of daemons. */
  state: string;
  /** Models and the journal. */
  data: string;
  cache: string;
}

/**
 * The folders of this home: under `RBEE_HOME` when it is set, otherwise `rbee/` in the folders of the
 * XDG base directory specification. Makes nothing.
 * See https://specifications.freedesktop.org/basedir-spec/latest/.
 *
 * @throws {RbeeError} `no_home` If neither RBEE_HOME nor HOME is set.
 */
export function resolvePaths(
  env: (name: string) => string | undefined = (name) => Deno.env.get(name),
): Paths {
  const own = env("RBEE_HOME");
  if (own) {
    const root = own.startsWith("/") ? own : join(Deno.cwd(), own);
    return {
      config: join(root, "config"),
      state: join(root, "state"),
      data: join(root, "data"),
      cache: join(root, "cache"),
    };
  }
  const home = env("HOME");
  if (!home) {
    throw new RbeeError("no_home", "Neither RBEE_HOME nor HOME is set; set RBEE_HOME to a folder");
  }
  const xdg = (name: string, fallback: string) => {
    const value = env(name);
    // The specification says that relative values are to be ignored.
    return join(value?.startsWith("/") ? value : join(home, fallback), "rbee");
  };
  return {
    config: xdg("XDG_CONFIG_HOME", ".config"),
    state: xdg("XDG_STATE_HOME", ".local/state"),
    data: xdg("XDG_DATA_HOME", ".local/share"),
    cache: xdg("XDG_CACHE_HOME", ".cache"),
  };
}

/** The files of a daemon: five in the state folder, two journals in the data folder. */
export interface DaemonFiles {
  pid: string;
  log: string;
  /** What it prints beside its log: of a crash, or before its log is open. */
  crash: string;
  /** What requests to it must show; a hive reads it when it starts. There may be none. */
  token: string;
  /** The process groups that it has running. */
  groups: string;
  journal: string;
  /** The logs of workers. */
  workers: string;
}

/** Where a daemon of this home keeps its files. */
export function daemonFiles(paths: Paths, role: "queen" | "hive"): DaemonFiles {
  return {
    pid: join(paths.state, `${role}.pid`),
    log: join(paths.state, `${role}.log`),
    crash: join(paths.state, `${role}.crash.log`),
    token: join(paths.state, `${role}.token`),
    groups: join(paths.state, `${role}.groups.json`),
    journal: join(paths.data, "journal", `${role}.db`),
    workers: join(paths.data, "journal", `${role}-workers.db`),
  };
}

/** The tokens that `rbee token create` made, as hashes; queen and hive of this home know the same. */
export function accessTokensFile(paths: Pick<Paths, "state">): string {
  return join(paths.state, "tokens.json");
}

/** When a role was shown those tokens last. */
export function tokenUsesFile(paths: Pick<Paths, "state">, role: "queen" | "hive"): string {
  return join(paths.state, `${role}.token-uses.json`);
}

/** What this home shows to a hive that was added; there may be none. */
export function hiveTokenFile(paths: Pick<Paths, "state">, name: string): string {
  return join(paths.state, "hives", `${name}.token`);
}

/**
 * Makes a folder that only its owner can read, and those above it.
 *
 * @throws {RbeeError} `cannot_write` If it cannot be made.
 */
export async function ensureFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new RbeeError(
      "cannot_write",
      `Cannot make the folder ${path}: ${
        error instanceof Error ? error.message : error
      }; set RBEE_HOME to a folder that you can write`,
      { cause: error },
    );
  }
}

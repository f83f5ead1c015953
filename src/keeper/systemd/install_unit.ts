import { dirname, join } from "node:path";
import { cannotWrite } from "../../base/file_error.ts";
import { RbeeError } from "../../base/rbee_error.ts";
import { daemonFiles, ensureFolder, type Paths, resolvePaths } from "../../config/paths.ts";
import { narrate } from "../../narration/narrate.ts";
import { ownExecutable } from "../../process/own_executable.ts";
import { isSameProcess, readPidFile } from "../../process/pid_file.ts";
import { runProgram } from "../../process/run_program.ts";
import { selfCommand } from "../../process/self_command.ts";
import { FORM } from "../../version.ts";
import type { DaemonRole } from "../daemon.ts";
import { requireSystemd, systemctl, type SystemdScope } from "./systemctl.ts";
import { unitFile, unitName } from "./unit_file.ts";
import { type UnitUser, unitUser } from "./unit_user.ts";

/** What is to be installed, and for whom. */
export interface InstallOptions extends SystemdScope {
  role: DaemonRole;
  /** Who a unit of the system runs as. */
  as?: string | undefined;
}

/** What became of a unit. */
export interface InstalledUnit {
  role: DaemonRole;
  unit: string;
  path: string;
  /** Whether its file is another than before. */
  changed: boolean;
  /** Whether it runs now under systemd. */
  running: boolean;
}

const LIMIT_MS = 10_000;
const XDG = ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"];

/**
 * Writes a role's unit, enables and starts it. One that is there is replaced, and what changes is said; it
 * is not restarted. A role that runs outside of systemd is left alone, and so is what runs in another root.
 *
 * @throws {RbeeError} As {@linkcode requireSystemd}, {@linkcode systemctl} and {@linkcode unitUser};
 * `no_executable` If the file of this rbee has gone; `cannot_write` If the unit cannot be written.
 */
export async function installUnit(options: InstallOptions): Promise<InstalledUnit> {
  requireSystemd(options);
  const { role, root } = options;
  const user = options.user ? undefined : await unitUser(options.as, { root });
  const env = unitEnvironment(user);
  const paths = resolvePaths((name) =>
    name === "HOME" && user ? user.home : env[name] ?? home(name)
  );
  const unit = unitName(role);
  const path = unitPath(options, unit);
  const text = unitFile({ role, ...unitProgram(), paths, env, user });
  const before = await readUnit(path);
  if (before !== text) await writeUnit(path, text, before);
  if (root === undefined) {
    await makeFolders(paths, user);
    await systemctl(options, ["daemon-reload"]);
  }
  await systemctl(options, ["enable", unit]);
  const changed = before !== text;
  return { role, unit, path, changed, running: root === undefined && await start(options, paths) };
}

/**
 * Stops and disables a role's unit and removes its file; what the role kept stays. False when there was
 * none.
 *
 * @throws {RbeeError} As {@linkcode requireSystemd} and {@linkcode systemctl}.
 */
export async function uninstallUnit(options: InstallOptions): Promise<boolean> {
  requireSystemd(options);
  const unit = unitName(options.role);
  const path = unitPath(options, unit);
  if (await readUnit(path) === undefined) return false;
  const now = options.root === undefined ? ["--now"] : [];
  await systemctl(options, ["disable", ...now, unit]);
  await Deno.remove(path);
  if (options.root === undefined) await systemctl(options, ["daemon-reload"]);
  return true;
}

/** Returns whether it runs under systemd now. */
async function start(options: InstallOptions, paths: Paths): Promise<boolean> {
  const unit = unitName(options.role);
  const [state] = await systemctl(options, ["show", "--property=ActiveState", "--value", unit]);
  if (state === "active") return true;
  const file = await readPidFile(daemonFiles(paths, options.role).pid);
  if (file !== undefined && isSameProcess(file)) {
    narrate(
      "service_install",
      `The ${options.role} runs already, as process ${file.pid} and not under systemd; type rbee ${options.role} stop, then start ${unit}`,
      { level: "warn" },
    );
    return false;
  }
  await systemctl(options, ["start", unit]);
  return true;
}

/** How the unit starts this program: by its one file, where it is one. */
function unitProgram(): { program: string; args: string[] } {
  const path = ownExecutable();
  const command = path !== undefined
    ? { program: path, args: [] }
    : FORM === "source"
    ? selfCommand()
    : undefined;
  // See string_is_safe() in systemd's source: no way of writing them helps.
  if (command !== undefined && /["'\\]/.test(command.program)) {
    throw new RbeeError(
      "usage",
      `systemd starts no program with a quote or a backslash in its path, as ${command.program}; move rbee elsewhere`,
    );
  }
  if (command !== undefined) return command;
  throw new RbeeError(
    "no_executable",
    "The file of this rbee has been moved or deleted since its start; start rbee by its path",
  );
}

/** What the folders of the home depend on, and where programs of engines are found. */
function unitEnvironment(user: UnitUser | undefined): Record<string, string> {
  const given = { ...Deno.env.toObject() };
  const own = user === undefined || user.home === given["HOME"];
  const names = ["PATH", "RBEE_HOME", ...own ? XDG : []];
  return Object.fromEntries(
    names.flatMap((name) => given[name]?.startsWith("/") ? [[name, given[name]]] : []),
  );
}

function home(name: string): string | undefined {
  return name === "HOME" ? Deno.env.get("HOME") : undefined;
}

function unitPath({ user, root }: SystemdScope, unit: string): string {
  if (!user) return join(root ?? "/", "etc/systemd/system", unit);
  const config = Deno.env.get("XDG_CONFIG_HOME") ?? join(home("HOME") ?? "/", ".config");
  return join(config, "systemd/user", unit);
}

async function readUnit(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function writeUnit(path: string, text: string, before: string | undefined): Promise<void> {
  for (const line of before === undefined ? [] : changedLines(before, text)) {
    narrate("service_install", line);
  }
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    // Renamed into place: systemd may read at any moment.
    await Deno.writeTextFile(`${path}.new`, text, { mode: 0o644 });
    await Deno.rename(`${path}.new`, path);
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

/** Lines that one text alone has. */
function changedLines(before: string, after: string): string[] {
  const [old, now] = [before.split("\n"), after.split("\n")];
  return [
    ...old.filter((line) => !now.includes(line)).map((line) => `Changes: no more ${line}`),
    ...now.filter((line) => !old.includes(line)).map((line) => `Changes: now ${line}`),
  ];
}

/** Makes the folders of the home, which a unit that may write nowhere else cannot make. */
async function makeFolders(paths: Paths, user: UnitUser | undefined): Promise<void> {
  const folders = [paths.config, paths.state, paths.data, paths.cache];
  if (user === undefined || user.name === "root") {
    for (const folder of folders) await ensureFolder(folder);
    return;
  }
  // As that user, whose they are to be.
  const args = ["-u", user.name, "--", "mkdir", "-p", "-m", "700", ...folders];
  const { exit, err } = await runProgram({ program: "runuser", args }, { limitMs: LIMIT_MS });
  if (exit.code !== 0) throw cannotWrite(paths.config, new Error(err.join(" ")));
}

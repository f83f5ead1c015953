import { type Command, Option } from "commander";
import { RbeeError } from "../../base/rbee_error.ts";
import { daemonFiles } from "../../config/paths.ts";
import { DEFAULT_HIVE_PORT, DEFAULT_QUEEN_PORT } from "../../config/rbee_yaml.ts";
import type { RoleFlags } from "../../config/role_options.ts";
import { readTokenFile, writeTokenFile } from "../../config/token_file.ts";
import { isSameProcess, readPidFile } from "../../process/pid_file.ts";
import { caFlag, type CommandContext, flag, numberFlag } from "../command_context.ts";
import { type DaemonRole, findDaemon, type RunningDaemon, startDaemon } from "../daemon.ts";
import { EXIT } from "../exit_status.ts";
import { type ListenAddress, listenAddressOf } from "../listen_address.ts";
import { readPort, type Settings } from "../settings.ts";
import { type LogFlags, showLog } from "../show_log.ts";
import { stopDaemon } from "../stop_daemon.ts";

/** Runs a role in this process, until it ends; keeps its exit code. */
export type Serve = (flags: RoleFlags) => Promise<void>;

/** The flags of starting a daemon. */
export interface StartFlags {
  host?: string;
  port?: number;
  tlsCert?: string;
  tlsKey?: string;
  /** The queen's alone. */
  ca?: string;
  /** The port by the name that it has in `rbee up`. */
  queenPort?: number;
  hivePort?: number;
  foreground?: boolean;
}

const DEFAULT_PORT: Record<DaemonRole, number> = {
  queen: DEFAULT_QUEEN_PORT,
  hive: DEFAULT_HIVE_PORT,
};

/** Adds the flags that say where a daemon listens. */
export function withAddressFlags(
  command: Command,
  options: { role: DaemonRole; otherwise?: string },
): Command {
  const { role } = options;
  const host = options.otherwise ?? "127.0.0.1";
  const port = options.otherwise ?? `${DEFAULT_PORT[role]}, 0 for any free one`;
  if (role === "queen") command.addOption(caFlag());
  return command
    .addOption(flag("--host <host>", `the address to listen on (default: ${host})`))
    .addOption(numberFlag("--port <n>", `the port to listen on (default: ${port})`))
    .addOption(flag("--tls-cert <file>", "the certificate to speak TLS with, PEM"))
    .addOption(flag("--tls-key <file>", "its private key, PEM"))
    // What is set for rbee up in the environment holds here, too.
    .addOption(numberFlag(`--${role}-port <n>`, "as --port").hideHelp());
}

/** Adds the flag that keeps a role in this process. */
export function withForegroundFlag(command: Command): Command {
  return command.addOption(flag("--foreground", "run it here until Ctrl-C, as rbee serve does"));
}

/** Adds the flags of showing a log. */
export function withLogFlags(command: Command): Command {
  return command
    .addOption(numberFlag("-n, --lines <n>", "how many of the last lines").default(100))
    .addOption(
      flag("--json", "as it stands in the file, a record of JSON a line"),
    )
    .addOption(
      flag("-f, --follow", "go on showing what comes; Ctrl-C ends it, with exit status 0"),
    );
}

/**
 * Starts the daemon of this home unless it runs, and says where it is.
 *
 * @param options.token What its requests must show from now on. Undefined: what its file says.
 * @throws {RbeeError} `token_differs` If it runs and must be shown another token; and as
 * {@linkcode startDaemon}.
 */
export async function startHere(
  role: DaemonRole,
  context: CommandContext,
  options: StartFlags & { token?: string | undefined },
): Promise<number> {
  const { settings, renderer } = context;
  const address = readAddress(role, settings, options);
  const { token } = options;
  const running = await findDaemon(role, settings.paths);
  if (running === undefined) {
    showRunning(context, await startWithToken(role, context, { ...address, token }));
    return EXIT.ok;
  }
  const { url, pid } = running;
  if (token !== undefined) await requireSameToken(role, settings, token);
  const { port } = new URL(url);
  const elsewhere = options.port !== undefined && options.port !== 0 &&
    String(options.port) !== port;
  renderer.summary(
    { ...summaryOf(running), started: false },
    `The ${role} is already running at ${url} (process ${pid})` +
      (elsewhere ? `; move it with rbee ${role} restart --port ${options.port}` : ""),
  );
  return EXIT.ok;
}

/** Runs a role in this process until it ends. */
export function serveHere(role: DaemonRole, serve: Serve, flags: StartFlags): Promise<void> {
  const port = flags.port ?? flags[`${role}Port`];
  return serve({
    role,
    device: "auto",
    ...(flags.host === undefined ? {} : { host: flags.host }),
    ...(port === undefined ? {} : { port }),
    ...tlsFlagsOf(flags),
  });
}

/** Stops the daemon of this home; what does not run is as good. */
export async function stopHere(role: DaemonRole, context: CommandContext): Promise<number> {
  const { settings, renderer, signal } = context;
  const stopped = await stopDaemon(role, settings.paths, { signal });
  renderer.summary(
    { stopped },
    stopped ? `The ${role} has stopped` : `The ${role} was not running`,
  );
  return EXIT.ok;
}

/** Stops the daemon of this home if it runs, and starts it where it was unless told otherwise. */
export async function restartHere(
  role: DaemonRole,
  context: CommandContext,
  options: StartFlags & { token?: string | undefined },
): Promise<number> {
  const { settings, signal } = context;
  const file = await readPidFile(daemonFiles(settings.paths, role).pid);
  const before = file !== undefined && isSameProcess(file) ? listenAddressOf(file) : undefined;
  const address = readAddress(role, settings, options);
  await stopDaemon(role, settings.paths, { signal });
  const daemon = await startWithToken(role, context, {
    host: options.host ?? before?.host ?? address.host,
    port: options.port ?? before?.port ?? address.port,
    tls: { ...before?.tls, ...tlsFlagsOf(options) },
    token: options.token,
  });
  showRunning(context, daemon);
  return EXIT.ok;
}

/** Shows the last lines of the log of this home's daemon. Works with a broken rbee.yaml, too. */
export async function logsHere(
  role: DaemonRole,
  { settings, renderer, signal }: CommandContext,
  flags: LogFlags,
): Promise<number> {
  if (flags.lines < 0) throw new RbeeError("usage", "--lines must be at least 0");
  const { log } = daemonFiles(settings.paths, role);
  await showLog(log, { ...flags, role, renderer, signal });
  return EXIT.ok;
}

/** The flag by which a token comes, which no process list may show. */
export function tokenFlag(): Option {
  return flag("--token-stdin", "read the token that requests must show from standard input")
    .conflicts("foreground");
}

async function startWithToken(
  role: DaemonRole,
  { settings: { paths }, signal }: CommandContext,
  options: ListenAddress & { token: string | undefined },
): Promise<RunningDaemon> {
  const { host, port, tls, token } = options;
  if (token !== undefined) await writeTokenFile(daemonFiles(paths, role).token, token);
  return await startDaemon(role, { paths, host, port, tls, signal });
}

async function requireSameToken(
  role: DaemonRole,
  { paths }: Settings,
  token: string,
): Promise<void> {
  if (await readTokenFile(daemonFiles(paths, role).token) === token) return;
  throw new RbeeError(
    "token_differs",
    `The ${role} already runs, with another token; give it this one with rbee ${role} restart --token-stdin`,
  );
}

function readAddress(role: DaemonRole, settings: Settings, flags: StartFlags): ListenAddress {
  const { host, port } = settings[role];
  return {
    host: flags.host ?? host,
    port: readPort("--port", flags.port) ?? port,
    tls: tlsFlagsOf(flags),
  };
}

/** Those that are given. A pair is taken or left as one. */
function tlsFlagsOf({ tlsCert, tlsKey, ca }: StartFlags) {
  return {
    ...(tlsCert !== undefined && { tlsCert }),
    ...(tlsKey !== undefined && { tlsKey }),
    ...(ca !== undefined && { ca }),
  };
}

function showRunning({ renderer }: CommandContext, daemon: RunningDaemon): void {
  const { url, pid, health } = daemon;
  renderer.summary(
    { ...summaryOf(daemon), started: true },
    `The ${health.role} runs at ${url} (process ${pid})`,
  );
}

function summaryOf({ url, pid, health }: RunningDaemon) {
  return { url, pid, version: health.version };
}

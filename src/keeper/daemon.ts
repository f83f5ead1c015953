import { resolve } from "node:path";
import { delay } from "../base/delay.ts";
import { messageOf, RbeeError, toRbeeError } from "../base/rbee_error.ts";
import { daemonFiles, type Paths } from "../config/paths.ts";
import type { Health } from "../contracts/health.ts";
import type { PidFile } from "../contracts/pid_file.ts";
import { requestHealth } from "../http/health_client.ts";
import { narrate } from "../narration/narrate.ts";
import { type Child, type ChildExit, spawnChild } from "../process/child.ts";
import { isSameProcess, readPidFile } from "../process/pid_file.ts";
import { waitUntilReady } from "../process/readiness.ts";
import { roleEnvironment, selfCommand } from "../process/self_command.ts";
import { printableText } from "../process/printable_text.ts";
import { describeExit, stopChild } from "../process/supervisor.ts";
import { traceEnvironment } from "../tracing/trace_environment.ts";
import type { TlsFlags } from "./listen_address.ts";
import { LogFollower } from "./log_follower.ts";
import { showOwnToken } from "./own_token.ts";
import { lockRole } from "./start_lock.ts";

/** A role that runs in the background. */
export type DaemonRole = "queen" | "hive";

/** A daemon that runs and answers. */
export interface RunningDaemon {
  /** Where others reach it. */
  url: string;
  /** Where this home's commands reach it; the same where it does not speak TLS. */
  localUrl: string;
  pid: number;
  health: Health;
}

/** How a daemon is started. */
export interface StartOptions {
  paths: Paths;
  host: string;
  port: number;
  /** What it is told of TLS beside what rbee.yaml says. */
  tls?: TlsFlags | undefined;
  signal: AbortSignal;
}

const START_STALL_MS = 30_000;
const READY_LINE_MS = 2000;
const LOOK_AGAIN_MS = 10;

/**
 * The daemon of this home, if one runs: its pid file names a living process whose `/health` answers
 * with this role and the instance of the file.
 *
 * @throws {RbeeError} `not_answering` If its process runs and does not answer so; `stopping` if it is
 * about to end; `bad_token` if the file of its token holds none.
 */
export async function findDaemon(
  role: DaemonRole,
  paths: Paths,
): Promise<RunningDaemon | undefined> {
  const file = await readPidFile(daemonFiles(paths, role).pid);
  if (file === undefined || !isSameProcess(file)) return undefined;
  await showOwnToken(role, paths, file.local_url ?? file.url);
  try {
    const daemon = await checkHealth(role, file);
    if (daemon.health.status !== "stopping") return daemon;
  } catch (error) {
    if (!isSameProcess(file)) return undefined;
    throw new RbeeError(
      "not_answering",
      `The ${role} runs as process ${file.pid} and does not answer: ${
        messageOf(error)
      }; end it with rbee down`,
    );
  }
  throw new RbeeError(
    "stopping",
    `The ${role} (process ${file.pid}) is stopping; try again when it has ended`,
  );
}

/**
 * Starts a daemon of this home unless it runs, and follows its log, saying what it says, until it is
 * healthy. Then it is let go: it outlives this process. When `signal` aborts first, it is ended.
 *
 * @throws {RbeeError} `start_failed` If it ends before it is healthy, with its last words.
 */
export async function startDaemon(role: DaemonRole, options: StartOptions): Promise<RunningDaemon> {
  const { paths, signal } = options;
  // Two commands at once must not start two: the second waits here and then finds the first's.
  using _lock = await lockRole(role, paths, { signal });
  const running = await findDaemon(role, paths);
  if (running !== undefined) return running;
  narrate(`${role}_start`, `Starting the ${role}`);
  const files = daemonFiles(paths, role);
  const follower = await LogFollower.open(files.log);
  let child: Child | undefined;
  try {
    child = spawnChild({
      ...daemonCommand(role, options),
      mode: "daemon",
      env: daemonEnvironment(role),
    });
    const daemon = await untilHealthy(role, child, files.pid, follower, signal);
    await showOwnToken(role, paths, daemon.localUrl);
    narrate(`${role}_ready`, `The ${role} is ready at ${daemon.url} (process ${daemon.pid})`, {
      fields: { url: daemon.url, pid: daemon.pid },
    });
    child.release();
    return daemon;
  } catch (error) {
    if (child !== undefined) await stopChild(child, { graceMs: 5000 });
    await follower.pump();
    if (signal.aborted) throw signal.reason;
    const exit = child === undefined ? undefined : await child.exited;
    const lastWords = follower.lastWords || await lastLines(files.crash);
    throw startFailed(role, error, exit, lastWords, files.log);
  } finally {
    follower.close();
  }
}

async function untilHealthy(
  role: DaemonRole,
  child: Child,
  pidPath: string,
  follower: LogFollower,
  signal: AbortSignal,
): Promise<RunningDaemon> {
  let found: RunningDaemon | undefined;
  await waitUntilReady({
    probe: async () => {
      await follower.pump();
      const file = await readPidFile(pidPath);
      if (file?.pid !== child.pid) return false;
      found = await checkHealth(role, file);
      return found.health.status === "ok";
    },
    exited: child.exited,
    lastProgress: () => follower.lastLineMs,
    stallMs: START_STALL_MS,
    signal,
  });
  await readToReady(follower, signal);
  return found!;
}

/** Its answer may come before the line that says so is in its log, which is written beside it. */
async function readToReady(follower: LogFollower, signal: AbortSignal): Promise<void> {
  const deadlineMs = performance.now() + READY_LINE_MS;
  await follower.pump();
  while (!follower.hasSaidReady && performance.now() < deadlineMs) {
    await delay(LOOK_AGAIN_MS, { signal });
    await follower.pump();
  }
}

/** Asks a daemon's health, which must name the role and the instance that its pid file names. */
async function checkHealth(role: DaemonRole, file: PidFile): Promise<RunningDaemon> {
  const { url, local_url: localUrl = url } = file;
  const health = await requestHealth(localUrl);
  if (health.role !== role || health.instance !== file.instance) {
    throw new RbeeError("bad_answer", `${localUrl} is another program`);
  }
  return { url, localUrl, pid: file.pid, health };
}

function daemonCommand(role: DaemonRole, options: StartOptions) {
  const { program, args } = selfCommand();
  const { host, port } = options;
  const { log, crash } = daemonFiles(options.paths, role);
  const flags = [
    `--host=${host}`,
    `--port=${port}`,
    ...tlsArguments(options.tls ?? {}),
    `--log-file=${log}`,
  ];
  const serve = [program, ...args, "serve", "--role", role, ...flags];
  // The shell gives it a file as its outputs, since Deno can only inherit, pipe or discard. It begins
  // anew with each start: what it holds is of this one. SIGHUP asks a daemon to read its settings, and
  // must not end one that does not listen to it yet.
  const redirect = 'umask 077; trap "" HUP; crash=$1; shift; exec "$@" >"$crash" 2>&1 </dev/null';
  return { program: "/bin/sh", args: ["-c", redirect, "sh", crash, ...serve] };
}

function tlsArguments({ tlsCert, tlsKey, ca }: TlsFlags): string[] {
  return Object.entries({ "--tls-cert": tlsCert, "--tls-key": tlsKey, "--ca": ca })
    // It may be started again from another folder.
    .flatMap(([flag, path]) => path === undefined ? [] : [`${flag}=${resolve(path)}`]);
}

function daemonEnvironment(role: DaemonRole): Record<string, string> {
  const home = Deno.env.get("RBEE_HOME");
  return roleEnvironment({
    ...traceEnvironment(role),
    ...(home !== undefined && { RBEE_HOME: home }),
  });
}

/** The last lines of a crash file; empty when there is none. */
async function lastLines(path: string): Promise<string> {
  try {
    const lines = (await Deno.readTextFile(path)).split("\n").map((line) => line.trim());
    return printableText(lines.filter((line) => line !== "").slice(-3).join(" "));
  } catch {
    return "";
  }
}

function startFailed(
  role: DaemonRole,
  error: unknown,
  exit: ChildExit | undefined,
  lastWords: string,
  log: string,
): RbeeError {
  const { code, message } = toRbeeError(error);
  const ended = code === "exited_early" && exit !== undefined;
  const why = lastWords || (ended ? `it ended with ${describeExit(exit)}` : message);
  const hint = why.startsWith("Port ") ? `; in rbee up and run it is --${role}-port` : "";
  return new RbeeError(
    code === "timeout" ? code : "start_failed",
    `The ${role} did not start: ${why}${hint} (its log: ${log})`,
  );
}

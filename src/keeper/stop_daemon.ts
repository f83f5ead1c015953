import { messageOf, RbeeError } from "../base/rbee_error.ts";
import { delay } from "../base/delay.ts";
import { type DaemonFiles, daemonFiles, type Paths } from "../config/paths.ts";
import { z } from "zod";
import type { PidFile } from "../contracts/pid_file.ts";
import { requestJson } from "../http/api_client.ts";
import { narrate } from "../narration/narrate.ts";
import { endLeftoversOf } from "../process/leftovers.ts";
import { isSameProcess, readPidFile, signalProcess } from "../process/pid_file.ts";
import type { DaemonRole } from "./daemon.ts";
import { LogFollower } from "./log_follower.ts";
import { showOwnToken } from "./own_token.ts";
import { lockRole } from "./start_lock.ts";

const REQUEST_GRACE_MS = 30_000;
const SIGNAL_GRACE_MS = 10_000;

/**
 * Ends the daemon of this home, saying what it says while it ends: asks it to, and where it does not
 * within the grace period, signals it. What a hive that was killed has left running is ended too.
 * Returns false when none ran.
 *
 * @throws {RbeeError} `stop_failed` If it is still there after SIGKILL.
 */
export async function stopDaemon(
  role: DaemonRole,
  paths: Paths,
  options: { signal: AbortSignal },
): Promise<boolean> {
  // One that another command is starting now is waited for, and then stopped.
  using _lock = await lockRole(role, paths, options);
  const files = daemonFiles(paths, role);
  const ran = await endDaemon(role, paths);
  if (role === "hive") await endLeftoversOf(files.groups);
  await removeFilesOfKilled(files);
  return ran;
}

async function endDaemon(role: DaemonRole, paths: Paths): Promise<boolean> {
  const files = daemonFiles(paths, role);
  const file = await readPidFile(files.pid);
  if (file === undefined || !isSameProcess(file)) return false;
  narrate(`${role}_stop`, `Stopping the ${role} (process ${file.pid})`);
  const follower = await LogFollower.open(files.log);
  try {
    const asked = await askToEnd(role, file, paths);
    if (asked && await untilEnded(file, REQUEST_GRACE_MS, follower)) return true;
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      narrate(`${role}_stop`, `The ${role} has not ended; sending ${signal}`, { level: "warn" });
      signalProcess(file, signal);
      if (await untilEnded(file, SIGNAL_GRACE_MS, follower)) return true;
    }
  } finally {
    follower.close();
  }
  throw new RbeeError("stop_failed", `The ${role} (process ${file.pid}) cannot be ended`);
}

/** One that was killed had no time to take its files away itself. */
async function removeFilesOfKilled(files: DaemonFiles): Promise<void> {
  const file = await readPidFile(files.pid);
  // Somebody may have started one by hand meanwhile.
  if (file === undefined || isSameProcess(file)) return;
  for (const path of [files.pid, files.groups]) await Deno.remove(path).catch(noFile);
}

/** Returns whether it has heard. */
async function askToEnd(role: DaemonRole, file: PidFile, paths: Paths): Promise<boolean> {
  try {
    const { local_url: url = file.url } = file;
    await showOwnToken(role, paths, url);
    await requestJson(`${url}/v1/shutdown`, {
      method: "POST",
      schema: z.object({ status: z.string() }),
      timeoutMs: 5000,
    });
    return true;
  } catch (error) {
    narrate(`${role}_stop`, messageOf(error), { level: "warn" });
    return false;
  }
}

/** Waits for the end of a process that is not our child. */
async function untilEnded(
  file: PidFile,
  timeoutMs: number,
  follower: LogFollower,
): Promise<boolean> {
  const deadlineMs = performance.now() + timeoutMs;
  while (isSameProcess(file)) {
    if (performance.now() > deadlineMs) return false;
    await follower.pump();
    await delay(30);
  }
  await follower.pump();
  return true;
}

function noFile(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

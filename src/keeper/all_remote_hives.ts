import { toRbeeError } from "../base/rbee_error.ts";
import { readHiveEntries } from "../config/hive_entries.ts";
import type { CommandContext } from "./command_context.ts";
import { connectQueen, type RemoteDaemon, startThere } from "./remote_daemon.ts";
import { rbeeOf, runThere } from "./remote_hive.ts";

type Parts = Pick<CommandContext, "settings" | "signal">;

/** Why something could not be done with one of several hives. */
export interface HiveFailure {
  name: string;
  message: string;
}

/**
 * Starts every hive that was added by ssh, side by side, and waits until the queen is connected. What
 * one says is told under its name; one that fails keeps no other from starting.
 */
export async function startAllThere(
  parts: Parts,
): Promise<{ started: RemoteDaemon[]; failed: HiveFailure[] }> {
  const started: RemoteDaemon[] = [];
  const failed = await eachHive(parts, async (name) => {
    started.push(await startThere(name, parts, { verb: "start" }));
    await connectQueen(name, parts.settings, { signal: parts.signal });
  });
  return { started, failed };
}

/** Stops every hive that was added by ssh, side by side. */
export async function stopAllThere(
  parts: Parts,
): Promise<{ stopped: string[]; failed: HiveFailure[] }> {
  const { settings, signal } = parts;
  const stopped: string[] = [];
  const failed = await eachHive(parts, async (name) => {
    const rbee = await rbeeOf(settings.paths, name);
    await runThere(rbee, ["hive", "stop"], { signal }).catch((error: unknown) => {
      // What was never installed does not run.
      if (toRbeeError(error).code !== "rbee_not_installed") throw error;
    });
    stopped.push(name);
  });
  return { stopped, failed };
}

async function eachHive(
  { settings, signal }: Parts,
  act: (name: string) => Promise<void>,
): Promise<HiveFailure[]> {
  const failed: HiveFailure[] = [];
  const entries = Object.entries(await readHiveEntries(settings.paths.config));
  const names = entries.flatMap(([name, { ssh }]) => ssh === undefined ? [] : [name]);
  await Promise.all(names.map(async (name) => {
    try {
      await act(name);
    } catch (error) {
      if (signal.aborted) throw error;
      failed.push({ name, message: toRbeeError(error).message });
    }
  }));
  return failed;
}

import { toRbeeError } from "../base/rbee_error.ts";
import { readHiveEntries } from "../config/hive_entries.ts";
import type { CommandContext } from "./command_context.ts";
import { connectQueen, type RemoteDaemon, startThere } from "./remote_daemon.ts";
import { rbeeOf } from "./remote_hive.ts";
import { stopThere } from "./stop_there.ts";

type Parts = Pick<CommandContext, "settings" | "signal" | "renderer">;

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
    await stopThere(rbee, { signal });
    stopped.push(name);
  });
  return { stopped, failed };
}

async function eachHive(
  { settings, signal, renderer }: Parts,
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
      const { message } = toRbeeError(error);
      // At once, though others may take a while.
      renderer.error(`Hive "${name}": ${message}`);
      failed.push({ name, message });
    }
  }));
  return failed;
}

import { startDaemon } from "./daemon.ts";
import { findQueen, type QueenAddress } from "./queen_address.ts";
import type { Settings } from "./settings.ts";

/**
 * Starts the queen and the hive of this home where they do not run. A queen that the person named, or
 * that belongs to another home, is used as she is, and nothing is started beside her.
 */
export async function startMissing(
  settings: Settings,
  signal: AbortSignal,
): Promise<QueenAddress> {
  const { paths } = settings;
  const found = await findQueen(settings);
  if (found !== undefined && !found.own) return found;
  const { url } = found ?? await startDaemon("queen", { paths, ...settings.queen, signal });
  await startDaemon("hive", { paths, ...settings.hive, signal });
  return { url, own: true };
}

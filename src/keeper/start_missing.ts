import { readHiveEntries } from "../config/hive_entries.ts";
import { hiveListSchema } from "../contracts/hive.ts";
import { requestJson } from "../http/api_client.ts";
import { useToken } from "../http/bearer_tokens.ts";
import { type RunningDaemon, startDaemon } from "./daemon.ts";
import { findQueen, type QueenAddress } from "./queen_address.ts";
import { connectQueen, startThere } from "./remote_daemon.ts";
import type { Settings } from "./settings.ts";

/**
 * Starts the queen and the hive of this home where they do not run, and the hive of another machine
 * that is asked for where she is not connected to it. A queen that the person named, or that belongs to
 * another home, is used as she is, and nothing is started beside her.
 *
 * @param options.hive The hive that is asked for.
 */
export async function startMissing(
  settings: Settings,
  options: { signal: AbortSignal; hive?: string | undefined },
): Promise<QueenAddress> {
  const { signal, hive } = options;
  const { paths } = settings;
  const found = await findQueen(settings);
  if (found !== undefined && !found.own) return found;
  const queen = found ??
    asAddress(await startDaemon("queen", { paths, ...settings.queen, signal }), settings);
  await startDaemon("hive", { paths, ...settings.hive, signal });
  if (hive !== undefined) await startIfAway(hive, queen.url, { settings, signal });
  return queen;
}

/** She is shown what the next command will show her, so that both are answered alike. */
function asAddress({ url, localUrl }: RunningDaemon, { token }: Settings): QueenAddress {
  if (token !== undefined) useToken(localUrl, token);
  return { url: localUrl, publicUrl: url, own: true };
}

/** A hive that rbee.yaml does not name, or not by ssh, cannot be started from here: the queen says so. */
async function startIfAway(
  hive: string,
  queenUrl: string,
  parts: { settings: Settings; signal: AbortSignal },
): Promise<void> {
  const { settings, signal } = parts;
  const entries = await readHiveEntries(settings.paths.config);
  if (!Object.hasOwn(entries, hive) || entries[hive]?.ssh === undefined) return;
  const { hives } = await requestJson(`${queenUrl}/v1/hives`, { schema: hiveListSchema, signal });
  if (hives.some(({ name, state }) => name === hive && state === "connected")) return;
  await startThere(hive, parts, { verb: "start" });
  await connectQueen(hive, settings, { signal });
}

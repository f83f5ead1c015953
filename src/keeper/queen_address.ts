import { RbeeError } from "../base/rbee_error.ts";
import { useToken } from "../http/bearer_tokens.ts";
import { requestHealth } from "../http/health_client.ts";
import { narrate } from "../narration/narrate.ts";
import { findDaemon } from "./daemon.ts";
import type { Settings } from "./settings.ts";

// Who listens there and is busy; where nobody does, that is known at once.
const FOREIGN_MS = 10_000;

/** A queen to talk to. */
export interface QueenAddress {
  /** Where this keeper reaches her. */
  url: string;
  /** Where others do. */
  publicUrl: string;
  /** Whether she is the one of this home, whose parts this keeper may start and stop. */
  own: boolean;
}

/**
 * Finds the queen: the one that `--queen` names, else this home's by its pid file, else whoever
 * answers as a queen on the configured port, which is said since she belongs to another home. From now
 * on the token of `--token-file` or RBEE_TOKEN is shown to the first two, and not to the third.
 */
export async function findQueen(settings: Settings): Promise<QueenAddress | undefined> {
  const { queenUrl, token } = settings;
  if (queenUrl !== undefined) {
    if (token !== undefined) useToken(queenUrl, token);
    return { url: queenUrl, publicUrl: queenUrl, own: false };
  }
  const own = await findDaemon("queen", settings.paths);
  if (own !== undefined) {
    if (token !== undefined) useToken(own.localUrl, token);
    return { url: own.localUrl, publicUrl: own.url, own: true };
  }
  const { host, port } = settings.queen;
  // Port 0 is any free one: there is no address at which another could be.
  if (port === 0) return undefined;
  const url = `http://${host}:${port}`;
  const health = await requestHealth(url, { timeoutMs: FOREIGN_MS }).catch(() => undefined);
  if (health?.role !== "queen") return undefined;
  // Anybody on this machine may have the port: what is secret is for a queen that was named.
  const hint = token === undefined ? "" : `; to show her your token, name her with --queen ${url}`;
  narrate("queen_found", `Using the queen at ${url}, which belongs to another home${hint}`);
  return { url, publicUrl: url, own: false };
}

/**
 * As {@linkcode findQueen}.
 *
 * @throws {RbeeError} `not_running` If there is none.
 */
export async function requireQueen(settings: Settings): Promise<QueenAddress> {
  const queen = await findQueen(settings);
  if (queen !== undefined) return queen;
  throw new RbeeError("not_running", "No queen is running; start one with rbee up");
}

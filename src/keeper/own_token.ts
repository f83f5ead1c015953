import { daemonFiles, type Paths } from "../config/paths.ts";
import { readTokenFile } from "../config/token_file.ts";
import { useToken } from "../http/bearer_tokens.ts";
import type { DaemonRole } from "./daemon.ts";

/**
 * From now on shows a daemon of this home the token that it asks for, if it does.
 *
 * @throws {RbeeError} `bad_token` If the file holds none.
 */
export async function showOwnToken(role: DaemonRole, paths: Paths, url: string): Promise<void> {
  const token = await readTokenFile(daemonFiles(paths, role).token);
  if (token !== undefined) useToken(url, token);
}

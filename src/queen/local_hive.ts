import { daemonFiles, type Paths } from "../config/paths.ts";
import { readTokenFile } from "../config/token_file.ts";
import { useToken } from "../http/bearer_tokens.ts";
import { isSameProcess, readPidFile } from "../process/pid_file.ts";
import type { HivePlace } from "./hive_link.ts";
import type { HiveSource } from "./hive_source.ts";

/** This machine's own hive, found by its pid file: it may come, go and move without telling. */
export function localHive(paths: Paths): HiveSource {
  const files = daemonFiles(paths, "hive");
  const find = async (): Promise<HivePlace | undefined> => {
    const file = await readPidFile(files.pid);
    if (file === undefined) return undefined;
    const { local_url: url = file.url } = file;
    const token = await readTokenFile(files.token);
    if (token !== undefined) useToken(url, token);
    return { url, runs: isSameProcess(file) };
  };
  // What cannot be read is as good as not there, to the queen; the hive itself says what is wrong.
  return { find: () => find().catch(() => undefined) };
}

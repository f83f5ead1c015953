import { hiveTokenFile, type Paths } from "../config/paths.ts";
import type { HiveAddress } from "../contracts/hive_address.ts";
import type { HiveSource } from "./hive_source.ts";
import { SshHive } from "./ssh_hive.ts";
import { urlHive } from "./url_hive.ts";

/** A hive of another machine, as rbee.yaml names it. */
export function addedHive(paths: Paths, name: string, { ssh, url, path }: HiveAddress): HiveSource {
  const tokenFile = hiveTokenFile(paths, name);
  if (url !== undefined) return urlHive(url, { tokenFile });
  return new SshHive({ name, ssh: ssh ?? "", path, tokenFile });
}

import { toRbeeError } from "../../base/rbee_error.ts";
import { readHiveEntries } from "../../config/hive_entries.ts";
import { probeHost } from "../../ssh/remote_host.ts";
import { remoteRbee } from "../../ssh/remote_rbee.ts";
import { VERSION } from "../../version.ts";
import type { Check, Finding } from "./finding.ts";

const NAME = "ssh hosts";

/** Whether the machine of each hive that was added by ssh can be reached, and has this rbee. */
export const sshHostsCheck: Check = {
  name: NAME,
  async look({ settings, signal }) {
    const entries = Object.entries(await readHiveEntries(settings.paths.config));
    return await Promise.all(
      entries.flatMap(([name, { ssh, path }]) =>
        ssh === undefined ? [] : [lookAt(name, { ssh, path }, signal)]
      ),
    );
  },
};

async function lookAt(
  hive: string,
  address: { ssh: string; path: string | undefined },
  signal: AbortSignal,
): Promise<Finding> {
  const name = `ssh to ${hive}`;
  try {
    // Below the time that a check has, so that ssh can say itself what is wrong.
    const { host, path } = remoteRbee(hive, address, { connectTimeoutS: 5 });
    const { installed } = await probeHost(host, { program: path, signal });
    if (installed?.version === undefined) {
      const message = `${address.ssh} answers, and has no rbee at ${path}`;
      return { name, status: "warning", message, next: `rbee hive install ${hive}` };
    }
    const message = `${address.ssh} answers, and has rbee ${installed.version}`;
    if (installed.version.split(" ", 1)[0] === VERSION) return { name, status: "ok", message };
    return { name, status: "warning", message, next: `rbee hive upgrade ${hive}` };
  } catch (error) {
    if (signal.aborted) throw error;
    return { name, status: "failed", message: toRbeeError(error).message };
  }
}

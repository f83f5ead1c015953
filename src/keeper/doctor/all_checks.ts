import { configCheck } from "./config_check.ts";
import { daemonCheck } from "./daemon_check.ts";
import { diskCheck } from "./disk_check.ts";
import type { Check } from "./finding.ts";
import { foldersCheck } from "./folders_check.ts";
import { formCheck } from "./form_check.ts";
import { gpuCheck } from "./gpu_check.ts";
import { hivesCheck } from "./hives_check.ts";
import { portCheck } from "./port_check.ts";
import { sshCheck } from "./ssh_check.ts";
import { sshHostsCheck } from "./ssh_hosts_check.ts";

/** What `rbee doctor` looks at, in the order in which it is shown. */
export const ALL_CHECKS: readonly Check[] = [
  formCheck,
  foldersCheck,
  configCheck,
  portCheck("queen"),
  portCheck("hive"),
  daemonCheck("queen"),
  daemonCheck("hive"),
  gpuCheck,
  diskCheck,
  sshCheck,
  sshHostsCheck,
  hivesCheck,
];

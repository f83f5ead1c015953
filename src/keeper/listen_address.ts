import type { PidFile } from "../contracts/pid_file.ts";
import { argumentValue, processArguments } from "../process/process_arguments.ts";

/** Where a role listens. */
export interface ListenAddress {
  host: string;
  port: number;
}

/**
 * Where a daemon that runs was told to listen. Its command line knows the host better than its url,
 * which for every address (0.0.0.0) names one that can be reached.
 */
export function listenAddressOf({ pid, url }: PidFile): ListenAddress {
  const { hostname, port } = new URL(url);
  const told = argumentValue(processArguments(pid) ?? [], "--host");
  return { host: told ?? hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(port) };
}

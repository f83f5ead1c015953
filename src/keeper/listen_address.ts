import type { PidFile } from "../contracts/pid_file.ts";
import { argumentValue, processArguments } from "../process/process_arguments.ts";

/** Where a role listens, and how. */
export interface ListenAddress {
  host: string;
  port: number;
  /** What it was told of TLS beside what rbee.yaml says: files, absolute. */
  tls?: TlsFlags;
}

/** The flags of TLS that a role is started with. */
export interface TlsFlags {
  tlsCert?: string | undefined;
  tlsKey?: string | undefined;
  ca?: string | undefined;
}

/**
 * Where a daemon that runs was told to listen, and with what files. Its command line knows the host better than its url,
 * which for every address (0.0.0.0) names one that can be reached.
 */
export function listenAddressOf({ pid, url }: PidFile): ListenAddress {
  const { hostname, port } = new URL(url);
  const told = processArguments(pid) ?? [];
  return {
    host: argumentValue(told, "--host") ?? hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(port),
    ...tlsOf(told),
  };
}

function tlsOf(told: readonly string[]): { tls?: TlsFlags } {
  const names = { tlsCert: "--tls-cert", tlsKey: "--tls-key", ca: "--ca" };
  const given = Object.entries(names)
    .map(([name, flag]) => [name, argumentValue(told, flag)] as const)
    .filter(([, path]) => path !== undefined);
  return given.length === 0 ? {} : { tls: Object.fromEntries(given) };
}

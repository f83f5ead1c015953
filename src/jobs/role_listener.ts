import { isLoopbackHost } from "../base/loopback.ts";
import { RbeeError } from "../base/rbee_error.ts";
import { listen, type Listener, type ListenOptions } from "../http/listen.ts";
import { NetworkListener } from "../http/network_listener.ts";
import type { TlsCertificate } from "../http/tls_certificate.ts";
import { openFileLimit } from "../process/open_file_limit.ts";
import { describePortHolder, findPortHolder } from "../process/port_holder.ts";

/** Where a role listens. */
export interface RoleListener extends Listener {
  /**
   * How the commands and the queen of this home reach it, where that is not `url`: without encryption, on
   * this machine's loopback, whatever names the certificate is for and however old it is.
   */
  readonly localUrl?: string;
}

/** Where a role is to listen. */
export interface RoleAddress extends ListenOptions {
  /** The listener that has the address already, where others can reach it. */
  network?: NetworkListener | undefined;
}

const MAX_CONNECTIONS = 10_000;

/**
 * Takes the address of a role, where that needs more than Deno's own server: where others can reach it,
 * or it speaks TLS. Undefined where it does not.
 *
 * @throws {RbeeError} As {@linkcode listenForRole}.
 */
export async function openNetworkListener(options: {
  host: string;
  port: number;
  certificate?: TlsCertificate | undefined;
  /** Default: 10,000, or half of the files that this process may have open, if that is less. */
  maxConnections?: number | undefined;
}): Promise<NetworkListener | undefined> {
  const { host, port, certificate } = options;
  if (isLoopbackHost(host) && certificate === undefined) return undefined;
  const files = openFileLimit() ?? Infinity;
  // The other half is for hives, workers, journals and downloads.
  const maxConnections = options.maxConnections ??
    Math.min(MAX_CONNECTIONS, Math.max(1, Math.floor(files / 2)));
  try {
    return await NetworkListener.open({ host, port, certificate, maxConnections });
  } catch (error) {
    throw withPortHolder(error, { host, port });
  }
}

/**
 * Begins to answer: at the listener that has the address, else by Deno's own server. One that speaks TLS
 * gets one beside it for this home.
 *
 * @throws {RbeeError} `port_in_use` If another program has the port; its name is told where it can be
 * known.
 * @throws {RbeeError} `cannot_listen` If the address is not this machine's or not permitted.
 */
export function listenForRole({ network, host, port, handler }: RoleAddress): RoleListener {
  if (network === undefined) {
    try {
      return listen({ host, port, handler });
    } catch (error) {
      throw withPortHolder(error, { host, port });
    }
  }
  if (!network.isEncrypted) return network.serve(handler);
  const local = listen({ host: "127.0.0.1", port: 0, handler });
  const { url, port: bound } = network.serve(handler);
  return {
    url,
    port: bound,
    localUrl: local.url,
    async close(options) {
      await Promise.all([network.close(options), local.close(options)]);
    },
  };
}

/** The error of a port that is taken, with who has it. */
function withPortHolder(error: unknown, { host, port }: { host: string; port: number }): unknown {
  if (!(error instanceof RbeeError && error.code === "port_in_use")) return error;
  const holder = findPortHolder(host, port);
  if (holder === undefined) return error;
  return new RbeeError(
    error.code,
    `Port ${port} on ${host} is taken by ${
      describePortHolder(holder)
    }; choose another with --port (0 for any free one)`,
    { details: { port, ...(holder.pid === undefined ? {} : { pid: holder.pid }) } },
  );
}

import { z } from "zod";
import { parseJson } from "../base/parse_json.ts";
import { RbeeError } from "../base/rbee_error.ts";
import { readTokenFile } from "../config/token_file.ts";
import { useToken } from "../http/bearer_tokens.ts";
import { type RemoteRbee, remoteRbee, runRemoteRbee } from "../ssh/remote_rbee.ts";
import { openTunnel, type Tunnel } from "../ssh/tunnel.ts";
import type { HivePlace } from "./hive_link.ts";
import { type HiveSource, MAX_RETRY_MS } from "./hive_source.ts";

/** What `rbee hive status --json` tells, as far as it matters here. */
const statusSchema = z.object({ url: z.url(), local_url: z.url().optional() });
const NOT_RUNNING = 3;

/** What a hive behind ssh is found by. */
export interface SshHiveOptions {
  name: string;
  /** `[USER@]HOST[:PORT]`. */
  ssh: string;
  /** Where rbee is there. */
  path?: string | undefined;
  /** What the hive asks for. */
  tokenFile: string;
}

/**
 * A hive behind ssh. Its port there is asked for and a tunnel to it opened, both again whenever the
 * connection was lost; the port of this end stays, so that a job that goes on finds its hive again.
 */
export class SshHive implements HiveSource {
  readonly isAdded = true;
  readonly maxRetryMs = MAX_RETRY_MS;
  readonly #options: SshHiveOptions;
  #tunnel: Tunnel | undefined;
  #localPort: number | undefined;
  #closing: Promise<void> = Promise.resolve();

  constructor(options: SshHiveOptions) {
    this.#options = options;
  }

  /** @throws {RbeeError} `ssh_…`, `rbee_not_installed`, `hive_not_running`. */
  readonly find = async (signal: AbortSignal): Promise<HivePlace> => {
    if (this.#tunnel !== undefined) return { url: this.#tunnel.url, runs: true };
    // The port of this end is to be free again.
    await this.#closing;
    const { name, ssh, path, tokenFile } = this.#options;
    const rbee = remoteRbee(name, { ssh, path });
    const { hostname, port } = new URL(await remoteUrl(rbee, signal));
    const tunnel = await openTunnel(rbee.host, {
      remoteHost: hostname,
      remotePort: Number(port),
      localPort: this.#localPort,
      signal,
    });
    this.#localPort = tunnel.localPort;
    const token = await readTokenFile(tokenFile);
    if (token !== undefined) useToken(tunnel.url, token);
    this.#tunnel = tunnel;
    tunnel.ended.then(() => {
      if (this.#tunnel === tunnel) this.#tunnel = undefined;
    });
    return { url: tunnel.url, runs: true };
  };

  readonly onLost = (): void => {
    // The hive may have another port by now.
    this.#closing = this.close();
  };

  readonly advise = ({ code }: { code: string }): string => {
    const { name } = this.#options;
    if (code === "version_mismatch") return `install this version with rbee hive upgrade ${name}`;
    // These say themselves what to do.
    if (/^(ssh_|rbee_not_|hive_not_|bad_)/.test(code)) return "";
    if (code === "unauthorized") return `give it this home's token with rbee hive restart ${name}`;
    return `look at it with rbee hive status ${name}`;
  };

  readonly close = async (): Promise<void> => {
    const tunnel = this.#tunnel;
    this.#tunnel = undefined;
    await tunnel?.close();
  };
}

async function remoteUrl(rbee: RemoteRbee, signal: AbortSignal): Promise<string> {
  const { name } = rbee;
  const { code, stdout, stderr } = await runRemoteRbee(rbee, ["hive", "status", "--json"], {
    signal,
  });
  if (code === NOT_RUNNING) {
    throw new RbeeError(
      "hive_not_running",
      `it does not run; start it with rbee hive start ${name}`,
    );
  }
  const status = statusSchema.safeParse(parseJson(stdout));
  if (code === 0 && status.success) return status.data.local_url ?? status.data.url;
  const last = stderr.trimEnd().split("\n").at(-1)?.slice(0, 200) ?? "";
  throw new RbeeError("bad_answer", `its rbee does not tell where the hive is (${last})`);
}

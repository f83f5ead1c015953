import { RbeeError } from "../base/rbee_error.ts";
import { runProgram } from "../process/run_program.ts";
import { formatDestination } from "./destination.ts";
import { freePort } from "../process/free_port.ts";
import { sshArguments, sshEnvironment, type SshHost } from "./ssh_arguments.ts";
import { sshError } from "./ssh_errors.ts";
import { type SshProcess, startSsh } from "./ssh_process.ts";

/** Where a tunnel leads. */
export interface TunnelOptions {
  /** As the host itself names it. Default `127.0.0.1`. */
  remoteHost?: string;
  remotePort: number;
  /** The port of this end, if it is free. By default one that is. */
  localPort?: number | undefined;
  /** Ends the tunnel, also while it is being opened. */
  signal?: AbortSignal | undefined;
}

/** A port of this machine's loopback address that leads to a port of a host. */
export interface Tunnel {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  readonly localPort: number;
  /** Settles with the reason when the tunnel has ended, `tunnel_closed` after a close. Never rejects. */
  readonly ended: Promise<RbeeError>;
  /** Ends the tunnel and resolves when its process is gone. */
  close(): Promise<void>;
}

const READY = "rbee-tunnel-ready";
const MAX_ATTEMPTS = 5;
const MAX_LINES = 50;
const CANCEL_MS = 5000;

/**
 * Opens a tunnel, and resolves when it takes connections.
 *
 * `ssh` listens before it starts the remote command, which says so and then reads its standard input
 * to the end: `-N` would not tell when it listens, and under a ControlMaster would not stay. The input
 * ends with this process however that ends, so `ssh` never outlives it by more than what the server
 * takes to answer, at most 45 s. A ControlMaster of the person is used if it runs, but none is begun,
 * since it would keep the forwarding for itself. Whether the host permits forwarding shows at the first
 * connection: where it does not, the tunnel ends.
 *
 * @throws {RbeeError} What {@linkcode sshError} tells; `ssh_forward_failed` If no port could be listened
 * on.
 * @throws {unknown} If `signal` aborts before it is open: its reason.
 */
export async function openTunnel(host: SshHost, options: TunnelOptions): Promise<Tunnel> {
  for (let attempt = 1;; attempt++) {
    options.signal?.throwIfAborted();
    const wished = attempt === 1 ? options.localPort : undefined;
    const localPort = wished ?? freePort();
    const tunnel = new SshTunnel(host, { ...options, localPort });
    const failure = await tunnel.opened;
    if (failure === undefined) return tunnel;
    options.signal?.throwIfAborted();
    // Another program was quicker.
    if (attempt < MAX_ATTEMPTS && tunnel.portWasTaken) continue;
    throw failure;
  }
}

class SshTunnel implements Tunnel {
  readonly localPort: number;
  readonly url: string;
  readonly ended: Promise<RbeeError>;
  /** Settles with undefined when it is open, otherwise with why it is not. */
  readonly opened: Promise<RbeeError | undefined>;
  readonly #host: SshHost;
  readonly #forward: string;
  readonly #ssh: SshProcess;
  readonly #said: string[] = [];
  readonly #ready = Promise.withResolvers<undefined>();
  readonly #signal: AbortSignal | undefined;
  #isReady = false;
  #isClosed = false;

  constructor(host: SshHost, options: TunnelOptions & { localPort: number }) {
    const { localPort, remotePort, remoteHost = "127.0.0.1", signal } = options;
    this.#host = host;
    this.#signal = signal;
    this.localPort = localPort;
    this.url = `http://127.0.0.1:${localPort}`;
    const target = remoteHost.includes(":") ? `[${remoteHost}]` : remoteHost;
    this.#forward = `127.0.0.1:${localPort}:${target}:${remotePort}`;
    this.#ssh = startSsh(host, {
      program: "ssh",
      args: sshArguments(host, {
        options: ["-o", "ExitOnForwardFailure=yes", "-o", "ControlMaster=no", "-L", this.#forward],
        command: `exec sh -c 'echo ${READY}; exec cat >/dev/null'`,
      }),
      onLine: (stream, line) => this.#take(stream, line),
      signal,
    });
    this.ended = this.#end();
    this.opened = Promise.race([this.#ready.promise, this.ended]);
  }

  get portWasTaken(): boolean {
    return this.#said.some((line) =>
      /Address already in use|cannot listen to port/.test(line) &&
      line.includes(`${this.localPort}`)
    );
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#ssh.stop();
    await this.ended;
  }

  #take(stream: "stdout" | "stderr", line: string): void {
    if (stream === "stdout") {
      if (line !== READY) return;
      this.#isReady = true;
      this.#ready.resolve(undefined);
      return;
    }
    const refused = this.#isReady && /^channel \d+: open failed: (.*)/.exec(line)?.[1];
    // What becomes of one connection is not what ends the tunnel, unless it is the same for all.
    const isForbidden = refused && refused.startsWith("administratively prohibited");
    if (refused && !isForbidden) return;
    if (this.#said.push(line) > MAX_LINES) this.#said.shift();
    if (isForbidden) void this.#ssh.stop();
  }

  async #end(): Promise<RbeeError> {
    await this.#ssh.ended;
    if (this.#isReady) await this.#letGo();
    const name = formatDestination(this.#host.destination);
    if (this.#isClosed || this.#signal?.aborted) {
      return new RbeeError("tunnel_closed", `The tunnel to ${name} was closed`);
    }
    return await sshError(this.#host, this.#said);
  }

  /** Where a ControlMaster has taken the forwarding, it keeps it until it is told otherwise. */
  async #letGo(): Promise<void> {
    const args = sshArguments(this.#host, { options: ["-O", "cancel", "-L", this.#forward] });
    const env = sshEnvironment(this.#host);
    // Without a ControlMaster there is nothing to let go of, and ssh fails at once.
    await runProgram({ program: "ssh", args, env }, { limitMs: CANCEL_MS })
      .catch((error: unknown) => error);
  }
}

import { messageOf } from "../base/rbee_error.ts";

/** What systemd is told of the state of a process. See sd_notify(3). */
export type NotifiedState = "ready" | "reloading" | "stopping";

const MESSAGES: Readonly<Record<NotifiedState, string>> = {
  ready: "READY=1",
  reloading: "RELOADING=1",
  stopping: "STOPPING=1",
};

/**
 * Speaks with the systemd that started this process, over the datagram socket that `NOTIFY_SOCKET` names
 * in the environment. What is told arrives in order; what cannot be sent is lost, and said to `onFailure`.
 */
export class SystemdNotify implements AsyncDisposable {
  readonly #socket: Deno.DatagramConn;
  readonly #address: Deno.UnixAddr;
  readonly #onFailure: (sentence: string) => void;
  #timer: ReturnType<typeof setInterval> | undefined;
  #last: Promise<void> = Promise.resolve();

  private constructor(
    socket: Deno.DatagramConn,
    path: string,
    onFailure: (sentence: string) => void,
  ) {
    this.#socket = socket;
    this.#address = { transport: "unixpacket", path };
    this.#onFailure = onFailure;
  }

  /**
   * Opens the way to systemd. Undefined where none has started this process, or its socket is none that
   * can be reached by a path. The variables are taken out of the environment, so that no child speaks in
   * the name of this process. Where systemd watches, it hears from here, twice in its limit, for as long
   * as the event loop turns.
   *
   * @param onFailure Is told, in a sentence, what could not be sent.
   */
  static take(onFailure: (sentence: string) => void): SystemdNotify | undefined {
    const path = taken("NOTIFY_SOCKET");
    const watchdogUs = Number(taken("WATCHDOG_USEC"));
    const watchdogPid = taken("WATCHDOG_PID");
    // A leading @ means the abstract namespace, whose names begin with a zero.
    const address = path?.startsWith("@") ? `\0${path.slice(1)}` : path;
    if (address === undefined || !/^[/\0]/.test(address)) return undefined;
    try {
      // A name of its own, as Deno needs one; an abstract one leaves no file behind.
      const own = `\0rbee-notify-${Deno.pid}-${crypto.randomUUID()}`;
      const socket = Deno.listenDatagram({ transport: "unixpacket", path: own });
      const notify = new SystemdNotify(socket, address, onFailure);
      if (watchdogUs > 0 && (watchdogPid ?? String(Deno.pid)) === String(Deno.pid)) {
        notify.#watch(watchdogUs / 2000);
      }
      return notify;
    } catch (error) {
      onFailure(`Cannot open a socket to tell systemd of this process: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** Tells a state. Returns at once. */
  tell(state: NotifiedState): void {
    this.#send(MESSAGES[state]);
  }

  /** Closes the socket when all that was told is sent. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#last;
    this.#socket.close();
  }

  #watch(everyMs: number): void {
    this.#timer = setInterval(() => this.#send("WATCHDOG=1"), everyMs);
    Deno.unrefTimer(Number(this.#timer));
  }

  #send(message: string): void {
    const bytes = new TextEncoder().encode(message);
    this.#last = this.#last.then(async () => {
      await this.#socket.send(bytes, this.#address);
    }).catch((error: unknown) => {
      this.#onFailure(`Cannot tell systemd "${message}": ${messageOf(error)}`);
    });
  }
}

function taken(name: string): string | undefined {
  const value = Deno.env.get(name);
  Deno.env.delete(name);
  return value === "" ? undefined : value;
}

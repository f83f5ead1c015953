import { isDetached } from "./is_detached.ts";

/** What a process has turned out to be, for SIGHUP. */
export type HangupRole =
  /** A role that can read its settings again. */
  | "rereads"
  /** A process whose end another decides, as the hive does for its workers. */
  | "led"
  /** Anything else. */
  | "ends";

/**
 * What SIGHUP asks of this process. Where it is detached and its role rereads its settings: that, and one
 * that comes before the role is ready is kept until then. Of one that is led: nothing. Of all others: to
 * end, as their terminal has gone, unless whoever started them has had SIGHUP ignored, as nohup does.
 */
export class Hangup {
  readonly #isIgnored = ignoresHangup();
  readonly #isDetached = isDetached();
  readonly #end: () => void;
  readonly #reloads: (() => void)[] = [];
  #role: HangupRole | undefined;
  #isKept = false;

  /**
   * Reads how the process was started, so it is to be made before anything listens to SIGHUP.
   *
   * @param end Ends the process. Called at each SIGHUP that asks for it.
   */
  constructor(end: () => void) {
    this.#end = end;
  }

  /** Takes a SIGHUP. One that comes before the role is known waits for {@linkcode settle} where it may reread. */
  take(): void {
    if (this.#role === "led") return;
    if (this.#isDetached && this.#role !== "ends") {
      if (this.#reloads.length === 0) this.#isKept = true;
      for (const reload of this.#reloads) reload();
      return;
    }
    if (!this.#isIgnored) this.#end();
  }

  /** Tells what the process is, once that is known. What has waited for it is taken now. */
  settle(role: HangupRole): void {
    this.#role = role;
    if (role === "rereads" || !this.#isKept) return;
    this.#isKept = false;
    this.take();
  }

  /** Has `listener` called at each SIGHUP that asks to reread, and at once where one has come before. */
  onReload(listener: () => void): void {
    this.#reloads.push(listener);
    if (!this.#isKept) return;
    this.#isKept = false;
    listener();
  }
}

/**
 * Whether this process was started with SIGHUP ignored. To be asked before anything listens to it.
 * See proc_pid_status(5), SigIgn. Where there is no /proc: false.
 */
export function ignoresHangup(): boolean {
  try {
    const [, mask] = /^SigIgn:\s*([0-9a-f]+)$/m.exec(Deno.readTextFileSync("/proc/self/status"))!;
    // SIGHUP is the first.
    return (BigInt(`0x${mask}`) & 1n) === 1n;
  } catch {
    return false;
  }
}

import type { NarrationLevel } from "../contracts/narration_record.ts";

/** What a role needs of the process that it is the whole of. */
export interface RoleProcess {
  /** Aborts when the process is told to end. */
  signal: AbortSignal;
  /**
   * Has `listener` called when settings and other files are to be read again: at SIGHUP, where the
   * process is detached. Elsewhere the signal says that the terminal has gone, and ends it.
   */
  onReload(listener: () => void): void;
  /**
   * Has `listener` called when the process ends at once, since it was told to end a second time. It must
   * be done when it returns: nothing is waited for.
   */
  onForcedEnd(listener: () => void): void;
  /**
   * Gives up the permissions of Deno that the role needs no more, when it is ready. Absent where the
   * process is more than its role.
   */
  givePermissionsUp?(): void;
  /**
   * Tells who supervises the process, as systemd does, of its state; `ready` also when what `reloading`
   * began is done. Absent where nobody is to be told.
   */
  tell?(state: "ready" | "reloading" | "stopping"): void;
  /** Resolves when what was narrated is written, or nobody reads it. */
  flushOutput(): Promise<void>;
  /** Writes a line of the operator's log, on standard error. `level` is `info` by default. */
  diagnostic(line: string, level?: NarrationLevel): void;
  /** Whether the operator's log shows colour. */
  diagnosticColor: boolean;
}

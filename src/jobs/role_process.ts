/** What a role needs of the process that it is the whole of. */
export interface RoleProcess {
  /** Aborts when the process is told to end. */
  signal: AbortSignal;
  /** Resolves when what was narrated is written, or nobody reads it. */
  flushOutput(): Promise<void>;
  /** Writes a line of the operator's log, on standard error. */
  diagnostic(line: string): void;
  /** Whether the operator's log shows colour. */
  diagnosticColor: boolean;
}

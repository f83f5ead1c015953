import type { RbeeError } from "../base/rbee_error.ts";
import type { TerminalEvent } from "../contracts/job_event.ts";

/** The exit statuses of the contract. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  unauthorized: 4,
  interrupted: 130,
} as const;

const BY_CODE: Record<string, number> = {
  usage: EXIT.usage,
  unreachable: EXIT.unreachable,
  hive_unreachable: EXIT.unreachable,
  connection_lost: EXIT.unreachable,
  not_running: EXIT.unreachable,
  stopping: EXIT.unreachable,
  not_answering: EXIT.unreachable,
  unauthorized: EXIT.unauthorized,
};

/** The exit status for an error. */
export function exitStatusOf(error: Pick<RbeeError, "code">): number {
  return (Object.hasOwn(BY_CODE, error.code) ? BY_CODE[error.code] : undefined) ?? EXIT.failed;
}

/** The exit status for the end of a job. */
export function exitStatusOfEnd(end: TerminalEvent, options: { interrupted: boolean }): number {
  if (options.interrupted) return EXIT.interrupted;
  if (end.type === "done") return EXIT.ok;
  return end.type === "error" ? exitStatusOf(end) : EXIT.failed;
}

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
  bad_destination: EXIT.usage,
  bad_model_name: EXIT.usage,
  ssh_unknown_host: EXIT.unreachable,
  ssh_host_key_unknown: EXIT.unreachable,
  ssh_host_key_changed: EXIT.unreachable,
  ssh_timeout: EXIT.unreachable,
  ssh_no_route: EXIT.unreachable,
  ssh_refused: EXIT.unreachable,
  ssh_failed: EXIT.unreachable,
  tls_untrusted: EXIT.unreachable,
  tls_mismatch: EXIT.unreachable,
  ssh_permission_denied: EXIT.unauthorized,
  ssh_agent_gone: EXIT.unauthorized,
  unauthorized: EXIT.unauthorized,
  no_user_session: EXIT.unreachable,
  forbidden: EXIT.unauthorized,
  download_unauthorized: EXIT.unauthorized,
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

import type { JobView } from "../contracts/job.ts";
import { isTerminal } from "../contracts/job_event.ts";
import type { Journal } from "../journal/journal.ts";
import { splitEvents } from "../sse/split_events.ts";
import { hasEnded } from "./job_state.ts";

/**
 * What is kept of a job, corrected by its own log: the process may have died between the terminal event
 * and the record of it.
 */
export function asItEnded(
  kept: JobView,
  journal: Pick<Journal, "read">,
  lastSeq: number,
): JobView {
  if (hasEnded(kept.state) || lastSeq === 0) return kept;
  const segment = journal.read(kept.job_id, lastSeq - 1);
  const end = segment && splitEvents(segment.bytes).at(-1);
  if (end === undefined || !isTerminal(end)) return kept;
  const ended = { ...kept, state: end.type, finished_at: end.at, last_seq: end.seq };
  if (end.type === "done") return { ...ended, result: end.result };
  if (end.type === "cancelled") return ended;
  const { code, message, details } = end;
  return { ...ended, error: { code, message, ...(details !== undefined && { details }) } };
}

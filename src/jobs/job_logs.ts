import { formatNarrationText } from "../narration/text_format.ts";
import { narrationContext } from "../narration/context.ts";
import { addNarrationSink, type NarrationSink } from "../narration/narration_sink.ts";
import type { NarrationEvent } from "../contracts/job_event.ts";
import type { NarrationRecord } from "../contracts/narration_record.ts";
import { RbeeError } from "../base/rbee_error.ts";
import type { EventLog } from "./event_log.ts";

// By id, and only while a job runs: there is no log that narration without a job could fall into.
const openLogs = new Map<string, EventLog>();

/** Makes a job's log findable by its id, for narration. Returns what ends that. */
export function openJobLog(jobId: string, log: EventLog): () => void {
  openLogs.set(jobId, log);
  return () => {
    openLogs.delete(jobId);
  };
}

/**
 * The log of the job that the context names.
 *
 * @throws {RbeeError} `internal` If there is none: only a job's own code may ask.
 */
export function currentJobLog(): EventLog {
  const { jobId } = narrationContext();
  const log = jobId === undefined ? undefined : openLogs.get(jobId);
  if (log === undefined) throw new RbeeError("internal", "There is no job here to write to");
  return log;
}

/** Turns a record into the event that a job's log takes. */
export function narrationEvent(record: NarrationRecord): Omit<NarrationEvent, "seq"> {
  const { at, actor, action, human, level, job_id, correlation_id, fields, progress } = record;
  // Member by member, since a spread takes four times as long, and every line of a child passes here.
  const event: Omit<NarrationEvent, "seq" | "formatted"> & { formatted?: string } = {
    type: "narration",
    at,
    actor,
    action,
    human,
    level,
  };
  if (job_id !== undefined) event.job_id = job_id;
  if (correlation_id !== undefined) event.correlation_id = correlation_id;
  if (fields !== undefined) event.fields = fields;
  if (progress !== undefined) event.progress = progress;
  event.formatted = formatNarrationText(record);
  return event as Omit<NarrationEvent, "seq">;
}

/** The sink that brings narration of a job into that job's log. An unknown job is no error. */
const jobLogSink: NarrationSink = {
  write(record) {
    const log = record.job_id === undefined ? undefined : openLogs.get(record.job_id);
    log?.append(narrationEvent(record));
  },
};

addNarrationSink(jobLogSink);

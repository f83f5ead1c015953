import { RbeeError } from "../base/rbee_error.ts";
import { LOCAL_HIVE } from "../contracts/hive.ts";
import type { TerminalEvent } from "../contracts/job_event.ts";
import type { JsonValue } from "../contracts/json_value.ts";
import type { Job } from "../jobs/job.ts";
import { JobClient, type OperationBody } from "../jobs/job_client.ts";
import { newJobId } from "../jobs/job_id.ts";
import { currentJobLog } from "../jobs/job_logs.ts";
import { narrate } from "../narration/narrate.ts";
import { actorOf, onMachine } from "../narration/remote_actor.ts";

/** How long the other side goes on without us, and how long we look for it. */
export const PATIENCE_MS = 60_000;

// Longer than systemd waits before it starts a hive again, and the hive then takes to end what is left of
// the one before.
const LOST_PATIENCE_MS = 30_000;

/** The end of a job elsewhere that went well. */
export type RelayedResult = Extract<TerminalEvent, { type: "done" }>;

/** How a job elsewhere is followed. */
export interface RelayOptions {
  /** What the other side is called in narration: `hive "gpu"`. */
  name: string;
  /** The hive that the other side is or belongs to. Default: this machine's own. */
  hive?: string;
  /** Cancels the other job alone, as the job here does when it is cancelled. */
  signal?: AbortSignal;
  /** Takes the structured results, which then stay out of the log of the job here. */
  onData?: (name: string, value: JsonValue) => void;
  /** Told of each part of an answer: a token or a structured result. */
  onAnswer?: (part: "token" | "data") => void;
  /** How long it is looked for when it is out of reach. Default 60,000. */
  patienceMs?: number;
  /** Whether the address is no longer the other side's: then it is not looked for there. */
  hasMoved?: () => boolean;
  /** Why it will not come back by itself; undefined as long as it may. Asked at each attempt to reach it. */
  whyLost?: () => string | undefined;
  /** How long one is looked for that will not come back by itself. Default 30,000. */
  lostPatienceMs?: number;
}

/**
 * Runs an operation as a job of another role and brings all its events into the job that runs here:
 * they get places of this job, name their machine where that is another, and keep their time, action, words, level, fields and progress.
 * Its terminal event is consumed. Cancelling the job here cancels the one there.
 *
 * @throws {RbeeError} The error that the other job ended with, or why it was out of reach for 60 s.
 * @throws {RbeeError} `hive_unreachable` If it has been known for 30 s that it will not come back by
 * itself, with the reason; `worker_gone` if it has moved.
 */
export async function relay(
  baseUrl: string,
  body: OperationBody,
  job: Job,
  options: RelayOptions,
): Promise<RelayedResult> {
  const log = currentJobLog();
  const { hive = LOCAL_HIVE, lostPatienceMs = LOST_PATIENCE_MS } = options;
  const patienceMs = options.patienceMs ?? PATIENCE_MS;
  let isLost = false;
  let lostSinceMs: number | undefined;
  const client = new JobClient(baseUrl, {
    patienceMs,
    submitPatienceMs: patienceMs,
    onReconnect: ({ error }) => {
      if (options.hasMoved?.()) {
        throw new RbeeError("worker_gone", `${options.name} has gone: ${error.message}`);
      }
      const why = options.whyLost?.();
      const nowMs = performance.now();
      if (why !== undefined && lostSinceMs === undefined) {
        const seconds = Math.round(lostPatienceMs / 1000);
        narrate("hive_wait", `Waiting ${seconds} s for ${options.name}: ${why}`, { level: "warn" });
      }
      lostSinceMs = why === undefined ? undefined : lostSinceMs ?? nowMs;
      if (lostSinceMs !== undefined && nowMs - lostSinceMs >= lostPatienceMs) {
        throw new RbeeError("hive_unreachable", `${options.name} is lost: ${why}`);
      }
      // Once, however many attempts it takes.
      if (isLost) return;
      isLost = true;
      narrate("reconnect", `Lost ${options.name}, trying again: ${error.message}`, {
        level: "warn",
      });
    },
  });
  const jobId = newJobId();
  const forget = job.delegate({ url: client.baseUrl, job_id: jobId });
  const end = await client.submitAndStream(body, (event) => {
    if (isLost) narrate("reconnect", `Reached ${options.name} again`);
    isLost = false;
    lostSinceMs = undefined;
    switch (event.type) {
      case "narration":
        // The job and its tie are this job's own; the sentence and who said it are not.
        log.append({
          ...onMachine(event, hive),
          job_id: job.id,
          correlation_id: job.correlationId,
        });
        break;
      case "token":
        options.onAnswer?.("token");
        log.append(event);
        break;
      case "log":
        log.append({ ...event, actor: actorOf(event.actor, hive) });
        break;
      case "data":
        if (options.onData !== undefined) {
          options.onData(event.name, event.value);
          break;
        }
        options.onAnswer?.("data");
        log.append(event);
        break;
      case "gap":
        narrate("gap", `${event.to - event.from + 1} events of ${options.name} were lost`, {
          level: "warn",
        });
    }
  }, {
    jobId,
    signal: options.signal === undefined
      ? job.signal
      : AbortSignal.any([job.signal, options.signal]),
    correlationId: job.correlationId,
    unwatchedLimitMs: PATIENCE_MS,
  });
  forget();
  if (end.type === "done") return end;
  if (end.type === "error") {
    // Of another process: this job's own end is no crash.
    const code = end.code === "interrupted" ? "lost_elsewhere" : end.code;
    throw new RbeeError(code, end.message, {
      details: end.details as Record<string, string> | undefined,
    });
  }
  throw new RbeeError("cancelled_elsewhere", `${options.name} cancelled the work: ${end.reason}`, {
    details: { reason: end.reason },
  });
}

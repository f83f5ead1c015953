import { redact } from "../base/redact.ts";
import { redactValue } from "../base/redact_value.ts";
import { cutText, singleLine } from "../base/single_line.ts";
import { timestamp } from "../base/timestamp.ts";
import type {
  NarrationFields,
  NarrationLevel,
  NarrationRecord,
  Progress,
} from "../contracts/narration_record.ts";
import { narrationContext } from "./context.ts";
import { deliver } from "./narration_sink.ts";

/** What a piece of narration may carry beside its action and sentence. */
export interface NarrateOptions {
  /** Default `info`. */
  level?: NarrationLevel;
  /** Structured facts for programs. */
  fields?: NarrationFields;
  /** How far the step has come. */
  progress?: Progress;
  /** The job it belongs to, in place of the context's. An unknown one means this output alone. */
  jobId?: string;
}

/** The longest sentence, in UTF-16 units; a longer one is cut and says how long it was. */
export const MAX_HUMAN_CHARACTERS = 8192;

const ACTION = /^[a-z][a-z0-9_]{0,79}$/;
let processActor = "keeper";

/** Says who this process is: its role, `keeper` until it is told. */
export function setProcessActor(actor: string): void {
  processActor = actor;
}

/**
 * Says, for a person, what this process is doing: on its output always, and in the log of the job
 * that the context (or `options.jobId`) names.
 *
 * Never throws, never blocks and needs no channel made before. `human` becomes one line without
 * control characters; an `action` that is no snake_case name becomes one. Secrets that `redact` knows
 * are taken out of `human` and of the fields, here for all sinks.
 */
export function narrate(action: string, human: string, options: NarrateOptions = {}): void {
  const context = narrationContext();
  const jobId = options.jobId ?? context.jobId;
  const record: NarrationRecord = {
    rbee: "narration",
    at: timestamp(),
    actor: context.actor ?? processActor,
    action: ACTION.test(action) ? action : asAction(action),
    // Before it is cut, since of half a secret nobody knows that it is one.
    human: singleLine(cutText(redact(String(human)), MAX_HUMAN_CHARACTERS)),
    level: options.level ?? "info",
  };
  if (jobId !== undefined) record.job_id = jobId;
  if (context.correlationId !== undefined) record.correlation_id = context.correlationId;
  if (options.fields !== undefined) record.fields = redactValue(options.fields);
  if (options.progress !== undefined) record.progress = options.progress;
  deliver(record);
}

function asAction(action: unknown): string {
  const words = String(action).toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^[^a-z]+/, "");
  return words.slice(0, 80) || "narration";
}

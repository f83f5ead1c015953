import { redact } from "./redact.ts";
import { redactValue } from "./redact_value.ts";

/** Facts beside an error's sentence, as JSON. */
export type ErrorDetails = { [name: string]: string | number | boolean | null | string[] };

/** What an {@linkcode RbeeError} may carry beside its code and message. */
export interface RbeeErrorOptions {
  /** Facts for programs, kept over HTTP and in a job's `error` event. */
  details?: ErrorDetails | undefined;
  /** The error that led here. Never crosses a process boundary. */
  cause?: unknown;
}

/**
 * An error that is meant to be read by a person: `message` is one sentence or two that name the
 * thing and the next step, `code` is for programs (`job_not_found`).
 *
 * It crosses process boundaries as its code, message and details, and is the same on the other side.
 * Any other class of error that reaches a boundary is a defect of this program (`internal`). Secrets
 * that `redact` knows are taken out of message and details here, for all the ways that it may go.
 */
export class RbeeError extends Error {
  override readonly name = "RbeeError";
  readonly code: string;
  readonly details: ErrorDetails | undefined;

  constructor(code: string, message: string, options: RbeeErrorOptions = {}) {
    super(redact(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = redactValue(options.details);
  }
}

/** The sentence of any thrown value, without its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Turns any thrown value into an {@linkcode RbeeError}; what was none becomes `internal`. */
export function toRbeeError(error: unknown): RbeeError {
  if (error instanceof RbeeError) return error;
  if (error instanceof Deno.errors.NotCapable) return notCapable(error);
  return new RbeeError("internal", `Internal error: ${messageOf(error)}`, { cause: error });
}

/** Deno names the flag by which it would have been permitted, which is of no use to who runs rbee. */
function notCapable(error: Error): RbeeError {
  const [what = ""] = error.message.split(", run again with", 1);
  return new RbeeError(
    "not_permitted",
    `This process of rbee may not do that: ${
      what.replace(/^Requires/, "it requires")
    }; see what each process may do in ARCHITECTURE.md, and start rbee as README says`,
    { cause: error },
  );
}

import { messageOf, RbeeError } from "./rbee_error.ts";

/** The error for a file of this home that cannot be written, as a person reads it. */
export function cannotWrite(path: string, cause: unknown): RbeeError {
  if (cause instanceof RbeeError) return cause;
  return new RbeeError(
    "cannot_write",
    `Cannot write ${path}: ${messageOf(cause)}; set RBEE_HOME to a folder that you can write`,
    { cause },
  );
}

import { RbeeError } from "../base/rbee_error.ts";

/**
 * The error of a parameter that this engine cannot do. `parameter` is named as the request has it;
 * `why` ends the sentence `The engine cannot do "PARAMETER": …`.
 */
export function unsupported(parameter: string, why: string, cause?: unknown): RbeeError {
  return new RbeeError("unsupported", `The engine cannot do "${parameter}": ${why}`, {
    details: { field: parameter },
    cause,
  });
}

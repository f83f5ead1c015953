import type { RbeeError } from "../base/rbee_error.ts";

const LIMITS = new Set([
  "rate_limit_exceeded",
  "too_many_streams",
  "too_many_jobs",
  "too_many_bodies",
]);

/**
 * When it is worth to ask a role again that has refused a request because its limits are met, as it
 * says itself, in milliseconds; undefined for all other errors.
 */
export function askAgainInMs({ code, details }: RbeeError): number | undefined {
  const seconds = details?.["retry_after_s"];
  return LIMITS.has(code) && typeof seconds === "number" ? seconds * 1000 : undefined;
}

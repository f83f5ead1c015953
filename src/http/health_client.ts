import { type Health, healthSchema } from "../contracts/health.ts";
import { requestJson } from "./api_client.ts";

const ANSWER_MS = 5000;
const MAX_HEALTH_BYTES = 64 * 1024;

/**
 * Asks a role how it is. One that is starting or stopping answers, too: see `status`.
 *
 * @throws {RbeeError} `unreachable`, or `bad_answer` if who answers is no role.
 */
export function requestHealth(
  url: string,
  options: { timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<Health> {
  return requestJson(`${url}/health`, {
    schema: healthSchema,
    statuses: [200, 503],
    timeoutMs: options.timeoutMs ?? ANSWER_MS,
    // Asked of whoever is at an address, before it is known to be a role.
    maxBytes: MAX_HEALTH_BYTES,
    signal: options.signal,
  });
}

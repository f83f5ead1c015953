import { type Health, healthSchema } from "../contracts/health.ts";
import { requestJson } from "./api_client.ts";

const ANSWER_MS = 5000;

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
    signal: options.signal,
  });
}

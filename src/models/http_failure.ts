import { messageOf, RbeeError } from "../base/rbee_error.ts";

/** A failure that may pass when it is tried again. */
export class PassingFailure extends Error {
  override readonly name = "PassingFailure";
  /** What the server asks to be waited, in milliseconds. */
  readonly waitMs: number | undefined;

  constructor(message: string, waitMs?: number) {
    super(message);
    this.waitMs = waitMs;
  }
}

const MAX_WAIT_MS = 600_000;
const TRY_LATER = new Set([408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529]);

/**
 * What a server's refusal means: a {@linkcode PassingFailure}, or an error with what to do.
 *
 * @param what What was asked for: `hf:org/repo`, or a file's name.
 */
export function httpFailure(what: string, answer: Response, url: URL): PassingFailure | RbeeError {
  const { status } = answer;
  const { origin, host } = url;
  if (TRY_LATER.has(status)) {
    const waitMs = retryAfterMs(answer.headers.get("retry-after"));
    if (waitMs === undefined || waitMs <= MAX_WAIT_MS) {
      return new PassingFailure(`${host} answered ${status}`, waitMs);
    }
    return new RbeeError(
      "download_failed",
      `Cannot fetch ${what}: ${host} answered ${status} and asks to wait ${
        Math.ceil(waitMs / 60_000)
      } minutes; try again then`,
    );
  }
  if (status === 401 || status === 403) {
    return new RbeeError(
      "download_unauthorized",
      `${origin} does not give out ${what} (${status}): it is private, gated or does not exist; check the name, or set HF_TOKEN to a token that may read it and start the hive again (rbee hive restart)`,
    );
  }
  if (status === 404 || status === 410) {
    return new RbeeError("model_not_found", `${origin} has no ${what} (${status}); check the name`);
  }
  return new RbeeError("download_failed", `Cannot fetch ${what}: ${origin} answered ${status}`);
}

/** What an error of a connection means: one that may pass, unless it is one of ours. */
export function connectionFailure(error: unknown, url: URL): PassingFailure | RbeeError {
  if (error instanceof RbeeError || error instanceof PassingFailure) return error;
  const text = [messageOf(error), error instanceof Error ? messageOf(error.cause ?? "") : ""]
    .join(" ");
  const why = /refused/i.test(text)
    ? "refused the connection"
    : /dns|resolve|lookup/i.test(text)
    ? "is not found by its name"
    : /timed? ?out/i.test(text)
    ? "did not answer in time"
    : /certificate|tls/i.test(text)
    ? `cannot prove who it is (${text.slice(0, 120).trim()})`
    : "broke the connection off";
  return new PassingFailure(`${url.host} ${why}`);
}

/** `Retry-After` in milliseconds: a number of seconds, or a date. See RFC 9110, section 10.2.3. */
export function retryAfterMs(value: string | null, nowMs = Date.now()): number | undefined {
  if (value === null) return undefined;
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

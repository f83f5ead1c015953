import { Backoff } from "../base/backoff.ts";
import { delay } from "../base/delay.ts";
import { RbeeError } from "../base/rbee_error.ts";
import { isTerminal, type JobEvent } from "../contracts/job_event.ts";
import { unreachable } from "../http/api_client.ts";
import { EventConnection } from "../http/event_connection.ts";
import { askAgainInMs } from "./ask_again.ts";

/** A stream of a job that has begun. */
export interface OpenedStream {
  connection: EventConnection;
  events: AsyncIterable<JobEvent>;
}

/** How a job is followed. */
export interface FollowOptions {
  /** The last event that is known. Default 0: none. */
  after?: number;
  signal?: AbortSignal | undefined;
  /** How long the role is looked for when it is out of reach. */
  patienceMs: number;
  /** How long a stream may bring nothing at all, comments included. */
  silenceLimitMs: number;
  /** Told at each loss of the connection, before the next attempt. */
  onReconnect?: (loss: { error: RbeeError; waitMs: number }) => void;
  /** The job's stream from its first event, where it is open already; it is closed here. */
  opened?: OpenedStream;
}

/**
 * Reads a job's events, in order, each once, to the terminal one. A lost connection is taken up again
 * where it broke. Stopping early does not cancel the job.
 *
 * @throws {RbeeError} `connection_lost` If the role cannot be reached again within the patience.
 * @throws {RbeeError} What the role answered, when asking again cannot help.
 * @throws {unknown} If `signal` aborts: its reason.
 */
export async function* followJob(
  baseUrl: string,
  jobId: string,
  options: FollowOptions,
): AsyncGenerator<JobEvent, void, void> {
  const { signal, silenceLimitMs } = options;
  const backoff = new Backoff({ firstMs: 50, maxMs: 2000, jitter: 0.2 });
  const url = `${baseUrl}/v1/jobs/${encodeURIComponent(jobId)}/stream`;
  let { after = 0, opened } = options;
  let lostAtMs: number | undefined;
  for (;;) {
    let loss: RbeeError;
    const connection = opened?.connection ?? new EventConnection({ silenceLimitMs, signal });
    try {
      for await (const event of opened?.events ?? connection.open(url, after)) {
        const last = event.type === "gap" ? event.to : event.seq;
        // After a crash the end may bear a number that an event now lost had before.
        if (last <= after && !isTerminal(event)) continue;
        after = last;
        lostAtMs = undefined;
        backoff.reset();
        yield event;
        if (isTerminal(event)) return;
      }
      loss = new RbeeError("unreachable", `${baseUrl} ended the stream before the job's end`);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      loss = asLoss(baseUrl, error);
    } finally {
      connection.close();
    }
    opened = undefined;
    // Time during which the role was heard is none in which it was out of reach.
    lostAtMs = lostAtMs === undefined ? performance.now() : lostAtMs + connection.heardMs;
    if (performance.now() - lostAtMs > options.patienceMs) {
      throw new RbeeError(
        "connection_lost",
        `${loss.message}; gave up after ${
          Math.round(options.patienceMs / 1000)
        } s; see rbee status`,
        { cause: loss },
      );
    }
    const waitMs = askAgainInMs(loss) ?? backoff.next();
    options.onReconnect?.({ error: loss, waitMs });
    await delay(waitMs, { signal });
  }
}

/** Tells a connection that may come back from an answer that asking again cannot change. */
function asLoss(baseUrl: string, error: unknown): RbeeError {
  if (!(error instanceof RbeeError)) return unreachable(baseUrl, error);
  if (error.code === "unreachable" || error.code === "hive_unreachable") return error;
  if (askAgainInMs(error) !== undefined) return error;
  throw error;
}

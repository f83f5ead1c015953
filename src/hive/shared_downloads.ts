import { v7 } from "uuid";
import { unlessAborted } from "../base/delay.ts";
import { messageOf, RbeeError } from "../base/rbee_error.ts";
import { Job } from "../jobs/job.ts";
import { newJobId } from "../jobs/job_id.ts";
import { currentJobLog } from "../jobs/job_logs.ts";
import { runJob } from "../jobs/job_runner.ts";
import { narrationContext, withoutNarrationContext } from "../narration/context.ts";
import { narrate } from "../narration/narrate.ts";

// Above the longest that a server may ask to wait.
const STALL_MS = 660_000;
const CANCELLED = "download_cancelled";

/** How a model comes to a hive. */
export interface Arrival {
  /** `copy`: it is sent by who asked, and comes no more when that one goes. */
  kind: "download" | "copy";
  /** Brings it; what it says reaches all who follow. */
  run(signal: AbortSignal): Promise<void>;
}

interface Shared {
  kind: Arrival["kind"];
  /** What the download says is the log of a job of its own, which each follower reads. */
  job: Job;
  ended: Promise<void>;
  followers: number;
}

/** Downloads, and copies from other hives, that run now. Several jobs may wait for one of them. */
export class SharedDownloads {
  readonly #running = new Map<string, Shared>();
  #closed: RbeeError | undefined;

  /** Whether a download of this name runs. */
  has(name: string): boolean {
    return this.#running.has(name);
  }

  /**
   * Runs a download, or joins the one of the same name, and brings what it says into the job that runs
   * here. When `signal` aborts, the download goes on while another follows it, and ends otherwise. Who
   * has joined one of another kind, or a copy, which may end with who sends it, runs its own after one
   * that went wrong.
   *
   * @throws {RbeeError} What the download failed with; `download_cancelled` If somebody ended it; the
   * error of {@linkcode SharedDownloads.close} If that was called.
   * @throws {unknown} If `signal` aborts: its reason, after a download that nobody follows has ended.
   */
  async follow(name: string, arrival: Arrival, signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#closed !== undefined) throw this.#closed;
      const known = this.#running.get(name);
      if (known === undefined) return await this.#follow(this.#start(name, arrival), signal);
      if (await this.#join(name, known, arrival.kind, signal)) return;
    }
  }

  /**
   * Waits for the download of this name, if one runs, and brings what it says into the job that runs
   * here. A copy that went wrong is no error.
   *
   * @throws {RbeeError} As {@linkcode SharedDownloads.follow}.
   * @throws {unknown} If `signal` aborts: its reason.
   */
  async join(name: string, signal: AbortSignal): Promise<void> {
    const known = this.#running.get(name);
    if (known !== undefined) await this.#join(name, known, "download", signal);
  }

  /** Ends a download, if one of this name runs; what came is kept. */
  async cancel(name: string, reason: string): Promise<void> {
    const shared = this.#running.get(name);
    shared?.job.cancel(reason);
    await shared?.ended;
  }

  /** Ends them all, and begins no other. Who follows one, or wants to, gets the error. */
  async close(error: RbeeError): Promise<void> {
    this.#closed ??= error;
    await Promise.all([...this.#running.keys()].map((name) => this.cancel(name, error.message)));
  }

  /** Returns whether it went well. */
  async #join(
    name: string,
    shared: Shared,
    kind: Arrival["kind"],
    signal: AbortSignal,
  ): Promise<boolean> {
    if (shared.job.signal.aborted) {
      // It ends with its last follower, whose reason is none of others.
      await unlessAborted(shared.ended, signal);
      return false;
    }
    const how = shared.kind === "copy" ? "copied here" : "downloaded";
    narrate("model_wait", `${name} is already being ${how}`);
    try {
      await this.#follow(shared, signal);
      return true;
    } catch (error) {
      signal.throwIfAborted();
      const isOver = isCancelled(error) || error === this.#closed;
      if (isOver || shared.kind === "download" && kind === "download") throw error;
      narrate("model_wait", messageOf(error), { level: "warn" });
      // Only then does its name no longer run.
      await shared.ended;
      return false;
    }
  }

  async #follow(shared: Shared, signal: AbortSignal): Promise<void> {
    shared.followers++;
    try {
      await followJob(shared.job, signal);
    } catch (error) {
      throw isCancelled(error) ? this.#closed ?? error : error;
    } finally {
      shared.followers--;
      if (shared.followers === 0) {
        shared.job.cancel("nobody waits for it any more");
        await shared.ended;
      }
    }
  }

  #start(name: string, { kind, run }: Arrival): Shared {
    const job = new Job({ id: newJobId(), operation: "model_download", correlationId: v7() });
    // It outlives the job that happened to ask first.
    const ended = withoutNarrationContext(() =>
      runJob(job, async ({ signal }) => {
        await run(signal);
        return { result: null };
      }, { kind: "stall", ms: STALL_MS })
    ).finally(() => this.#running.delete(name));
    const shared = { kind, job, ended, followers: 0 };
    this.#running.set(name, shared);
    return shared;
  }
}

function isCancelled(error: unknown): boolean {
  return error instanceof RbeeError && error.code === CANCELLED;
}

async function followJob(job: Job, signal: AbortSignal): Promise<void> {
  const log = currentJobLog();
  const { jobId: job_id, correlationId: correlation_id } = narrationContext();
  const joinedSeq = job.log.lastSeq;
  for await (const event of job.log.cursor().events({ signal })) {
    if (event.type === "narration") {
      // Of how far it was at each moment before, who comes late needs nothing.
      if (event.level === "debug" && event.seq <= joinedSeq) continue;
      log.append({ ...event, job_id, correlation_id });
    } else if (event.type === "error") {
      throw new RbeeError(event.code, event.message, {
        details: event.details as Record<string, string> | undefined,
      });
    } else if (event.type === "cancelled") {
      signal.throwIfAborted();
      throw new RbeeError(CANCELLED, `The download was ended: ${event.reason}`);
    }
  }
  signal.throwIfAborted();
}

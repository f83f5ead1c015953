import type { Context } from "hono";
import { within } from "../base/delay.ts";
import { RbeeError } from "../base/rbee_error.ts";
import type { AnswerWay } from "../http/listen.ts";
import { passOn } from "../http/pass_on.ts";
import { endIfDeaf } from "./end_if_deaf.ts";
import type { Worker } from "./worker.ts";
import { hasEnded } from "./worker_state.ts";

/** What the way to a worker needs to know of it. */
export type ProxyTarget = Pick<
  Worker,
  "id" | "pid" | "url" | "state" | "spec" | "error" | "death" | "abandon"
>;

/** What the way to a worker needs of the hive. */
export interface ProxyParts {
  /** Counts a request that the worker answers; what it gives back ends that. */
  use(id: string): () => void;
  /** Answers for a worker whose program knows no jobs; undefined where it has its own. */
  jobsOf(id: string): { answer(request: Request): Promise<Response> } | undefined;
}

/**
 * Passes a request on to a worker and its answer back, bytes unchanged, streams as they come. When the
 * reader of the answer goes, the worker's connection is closed too. The jobs of an engine that knows
 * none are answered by the hive in its place.
 *
 * @throws {RbeeError} `worker_gone` If the worker has ended, with the reason of its end.
 * @throws {RbeeError} `worker_unreachable` If it runs and does not answer.
 */
export async function proxyToWorker(
  c: Context<{ Bindings: AnswerWay }>,
  worker: ProxyTarget,
  path: string,
  parts: ProxyParts,
): Promise<Response> {
  const { search } = new URL(c.req.url);
  const jobs = parts.jobsOf(worker.id);
  // Of the process that is asked: when it breaks off, another may already be in its place.
  const { death } = worker;
  // Also when its process has gone: how its jobs ended is known here.
  if (jobs !== undefined && /^\/v1\/jobs(\/|$)/.test(path)) {
    if (c.req.method === "POST" && worker.url === null) throw await notThere(worker, death);
    return await jobs.answer(new Request(`http://127.0.0.1${path}${search}`, c.req.raw));
  }
  if (worker.url === null) throw await notThere(worker, death);
  // A look at how it is does not keep a worker from being idle; an answer that goes on does.
  const isWork = c.req.method === "POST";
  const done = isWork ? parts.use(worker.id) : () => {};
  let answer: Response;
  try {
    answer = await passOn(c.req.raw, worker.url + path + search);
  } catch (error) {
    done();
    if (c.req.raw.signal.aborted) throw error;
    throw await notThere(worker, death);
  }
  const isStream = answer.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
  // The body stays the connection's own: the bytes then go from one to the other without this loop.
  c.env.sent.then(isStream && !isWork ? parts.use(worker.id) : done);
  return answer;
}

async function notThere(
  worker: ProxyTarget,
  death: ProxyTarget["death"],
): Promise<RbeeError> {
  // A refused connection comes a moment before the news of the process's end.
  const reason = await within(death, 1000);
  if (reason === undefined && worker.url !== null) {
    await endIfDeaf(worker);
    return new RbeeError(
      "worker_unreachable",
      `Worker "${worker.id}" (process ${worker.pid}) does not answer; see rbee worker logs ${worker.id}`,
    );
  }
  const error = reason ?? worker.error;
  const message = error?.message ??
    (hasEnded(worker.state) || worker.state === "stopping"
      ? `Worker "${worker.id}" was stopped`
      : `Worker "${worker.id}" is not ready yet (${worker.state})`);
  return new RbeeError("worker_gone", message, {
    details: error?.details ?? { worker_id: worker.id },
  });
}

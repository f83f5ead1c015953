import type { Context } from "hono";
import { within } from "../base/delay.ts";
import { RbeeError } from "../base/rbee_error.ts";
import { passOn } from "../http/pass_on.ts";
import type { Worker } from "./worker.ts";

/** What the way to a worker needs to know of it. */
export type ProxyTarget = Pick<
  Worker,
  "id" | "pid" | "url" | "state" | "error" | "gone" | "requests"
>;

/**
 * Passes a request on to a worker and its answer back, bytes unchanged, streams as they come. When the
 * reader of the answer goes, the worker's connection is closed too.
 *
 * @throws {RbeeError} `worker_gone` If the worker has ended, with the reason of its end.
 * @throws {RbeeError} `worker_unreachable` If it runs and does not answer.
 */
export async function proxyToWorker(
  c: Context,
  worker: ProxyTarget,
  path: string,
): Promise<Response> {
  if (worker.url === null || worker.state === "failed" || worker.state === "stopped") {
    throw await notThere(worker);
  }
  let answer: Response;
  try {
    answer = await passOn(c.req.raw, worker.url + path + new URL(c.req.url).search);
  } catch (error) {
    if (c.req.raw.signal.aborted) throw error;
    throw await notThere(worker);
  }
  if (!answer.headers.get("content-type")?.startsWith("text/event-stream")) return answer;
  return new Response(counted(answer.body, worker), answer);
}

/** Counts the answer as one of the worker's requests until it ends or its reader goes. */
function counted(
  body: ReadableStream<Uint8Array> | null,
  worker: ProxyTarget,
): ReadableStream<Uint8Array> | null {
  if (body === null) return null;
  worker.requests++;
  let open = true;
  const close = () => {
    if (open) worker.requests--;
    open = false;
  };
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        close();
        controller.close();
      } catch (error) {
        close();
        controller.error(error);
      }
    },
    cancel(reason) {
      close();
      return reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}

async function notThere(worker: ProxyTarget): Promise<RbeeError> {
  // A refused connection comes a moment before the news of the process's end.
  const gone = await within(worker.gone.then(() => true), 1000);
  if (!gone) {
    return new RbeeError(
      "worker_unreachable",
      `Worker "${worker.id}" (process ${worker.pid}) does not answer; see rbee worker logs ${worker.id}`,
    );
  }
  return new RbeeError(
    "worker_gone",
    worker.error?.message ?? `Worker "${worker.id}" was stopped`,
    {
      details: { worker_id: worker.id },
    },
  );
}

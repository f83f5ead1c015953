import type { Worker } from "./worker.ts";

/**
 * Ends the process of a ready worker that no longer listens where it did, so that it is started again:
 * it would be given every further request, and answer none. Called when a request could not reach it.
 */
export async function endIfDeaf(
  worker: Pick<Worker, "url" | "state" | "spec" | "abandon">,
): Promise<void> {
  const { url, spec } = worker;
  if (url === null || worker.state !== "ready") return;
  const { hostname, port } = new URL(url);
  try {
    (await Deno.connect({ hostname, port: Number(port) })).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionRefused) || worker.url !== url) return;
    worker.abandon({
      code: "worker_unresponsive",
      message: `The worker for "${spec.model}" no longer listens at ${url}, and was ended`,
    });
  }
}

import { OWN_ENGINE } from "../config/engine_settings.ts";
import type { Exposition } from "../metrics/merge_expositions.ts";
import type { Worker } from "./worker.ts";

// Prometheus itself waits ten.
const ANSWER_MS = 5000;
const MAX_BYTES = 256 * 1024;

/**
 * Asks the workers of rbee's own engine for their figures, side by side. One that does not answer within
 * 5 s, or with more than 256 KiB, is left out: the figures of the others must not wait for it.
 *
 * @param labelsOf What is added to a worker's figures.
 */
export async function figuresOfWorkers(
  workers: readonly Pick<Worker, "id" | "spec" | "url" | "state">[],
  labelsOf: (worker: Pick<Worker, "id" | "spec">) => Record<string, string>,
): Promise<Exposition[]> {
  const asked = workers.filter(({ spec, state }) =>
    spec.engine === OWN_ENGINE && state === "ready"
  );
  const answers = await Promise.all(asked.map(async (worker) => {
    const text = worker.url === null ? undefined : await askFor(`${worker.url}/metrics`);
    return text === undefined ? [] : [{ text, labels: labelsOf(worker) }];
  }));
  return answers.flat();
}

async function askFor(url: string): Promise<string | undefined> {
  const signal = AbortSignal.timeout(ANSWER_MS);
  try {
    const answer = await fetch(url, { signal });
    const decoder = new TextDecoder();
    let text = "";
    let bytes = 0;
    for await (const chunk of answer.body ?? []) {
      bytes += chunk.length;
      // To stop here closes the connection.
      if (bytes > MAX_BYTES) return undefined;
      text += decoder.decode(chunk, { stream: true });
    }
    return answer.ok ? text : undefined;
  } catch {
    // It has ended meanwhile, or is too busy; its hive's own figures tell which.
    return undefined;
  }
}

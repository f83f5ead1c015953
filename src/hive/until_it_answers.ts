import { within } from "../base/delay.ts";
import { toRbeeError } from "../base/rbee_error.ts";
import { waitUntilReady } from "../process/readiness.ts";
import { inSpan, isInOpenSpan, markFailed } from "../tracing/spans.ts";
import type { EngineProgram } from "./engine.ts";
import type { WorkerOutput } from "./worker_output.ts";
import type { WorkerProcess } from "./worker_process.ts";

/** A process that is to become ready. */
export interface StartingProcess {
  worker: WorkerProcess;
  program: EngineProgram;
  output: WorkerOutput;
  /** Where it listens; null while that is not known. */
  url(): string | null;
  /** Aborts when it is stopped. */
  signal: AbortSignal;
  /** Where more can be read, for the sentence that says it hangs. */
  hint: string;
}

const READY_LINE_MS = 2000;

/**
 * Waits until a process answers that it is ready. Returns false when it has ended or was stopped; one
 * that says nothing for too long is ended here, and that is why it died.
 */
export async function untilItAnswers(starting: StartingProcess): Promise<boolean> {
  // One that is started again belongs to no request any more.
  const root = !isInOpenSpan();
  const attributes = { "process.pid": starting.worker.pid };
  return await inSpan("worker_start", { attributes, root }, async (span) => {
    const answers = await untilReady(starting);
    if (!answers) markFailed(span, "worker_failed");
    return answers;
  });
}

async function untilReady(starting: StartingProcess): Promise<boolean> {
  const { worker, program, output, signal } = starting;
  try {
    await waitUntilReady({
      probe: async (attempt) => {
        const url = starting.url();
        return url !== null && await program.probe(url, attempt);
      },
      exited: worker.ended,
      lastProgress: () => output.lastLineMs,
      stallMs: program.stallMs,
      totalMs: program.loadMs,
      news: output.news,
      signal,
    });
    if (program.saysReady) {
      // It is written before its health says so, and read here soon after.
      await within(Promise.race([output.readyLine, worker.ended]), READY_LINE_MS);
    }
    return true;
  } catch (error) {
    const { code, message } = toRbeeError(error);
    if (code === "timeout" && !signal.aborted) {
      output.fail({ code, message: `${message}; ${starting.hint}` });
      await worker.stop();
    }
    return false;
  }
}

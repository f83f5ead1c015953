import { ask } from "../api.ts";
import { readEvents } from "../read_events.ts";
import { logLine, MAX_LOG_LINES } from "./log_text.ts";

/** Where the lines of a worker's log go. */
export interface WorkerLogReader {
  /** Ends the reading. */
  signal: AbortSignal;
  /** Takes the lines that came at once, at most {@linkcode MAX_LOG_LINES} of them. */
  onLines(lines: readonly string[]): void;
}

/**
 * Reads a worker's log from its first line that is kept, and goes on as the worker does. Settles when the
 * log has ended.
 *
 * @throws {ApiError} If the queen does not show it.
 */
export async function followWorkerLog(workerId: string, reader: WorkerLogReader): Promise<void> {
  const { signal, onLines } = reader;
  const path = `/v1/workers/${encodeURIComponent(workerId)}/log`;
  const response = await ask(path, { signal, headers: { Accept: "text/event-stream" } });
  if (response.body === null) return;
  let lines: string[] = [];
  await readEvents(response.body, {
    onEvent: (name, data) => {
      const line = logLine(name, data);
      if (line !== undefined) lines.push(line);
    },
    onChunk: () => {
      if (lines.length === 0 || signal.aborted) return;
      onLines(lines.slice(-MAX_LOG_LINES));
      lines = [];
    },
  });
}

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../api.ts";
import { connection } from "../cluster.ts";
import { MAX_LOG_LINES, withLogLines } from "./log_text.ts";
import { sentenceText } from "../plain_words.ts";
import { followWorkerLog } from "./worker_log_stream.ts";

/** How near to its end a log is followed, in pixels. */
const NEAR_END_PX = 24;

/** What a worker says, from what is kept of it on; followed as long as it is shown and read at its end. */
export function WorkerLog(
  { id, workerId, model }: { id: string; workerId: string; model: string },
) {
  const [lines, setLines] = useState<readonly string[]>([]);
  const [ended, setEnded] = useState<string | undefined>(undefined);
  const box = useRef<HTMLPreElement>(null);
  const isFollowed = useRef(true);

  // After a queen who was gone it is read anew, as everything is.
  const isLive = connection.value.kind === "live";
  useEffect(() => {
    if (!isLive) return undefined;
    const leaving = new AbortController();
    setLines([]);
    setEnded(undefined);
    followWorkerLog(workerId, {
      signal: leaving.signal,
      onLines: (more) => setLines((before) => withLogLines(before, more)),
    }).then(
      () => setEnded("The log has ended"),
      (error: unknown) => {
        if (leaving.signal.aborted) return;
        setEnded(
          error instanceof ApiError
            ? error.message
            : "The connection broke; close the log and open it again",
        );
      },
    );
    return () => leaving.abort();
  }, [workerId, isLive]);

  useLayoutEffect(() => {
    if (isFollowed.current && box.current !== null) {
      box.current.scrollTop = box.current.scrollHeight;
    }
  }, [lines]);

  const look = () => {
    const { current } = box;
    if (current === null) return;
    const { scrollHeight, scrollTop, clientHeight } = current;
    isFollowed.current = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
  };
  return (
    <div id={id} class="worker-log">
      {lines.length >= MAX_LOG_LINES && (
        <p class="hint">
          The last {MAX_LOG_LINES} lines; <code>rbee worker logs {workerId}</code> shows all.
        </p>
      )}
      <pre ref={box} tabIndex={0} role="region" aria-label={`Log of ${model}`} onScroll={look}>
        {lines.length === 0 && ended === undefined ? "Waiting for its first line." : lines.join("\n")}
      </pre>
      {ended !== undefined && <p class="hint">{sentenceText(ended)}</p>}
    </div>
  );
}

import { effect, signal } from "@preact/signals";
import { connection, forgetCluster, takeEvent } from "./cluster.ts";
import { JobRecording, MAX_CHARACTERS } from "./job_recording.ts";
import { sessionToken, tokenHeaders } from "./session_token.ts";
import { WatchStream } from "./watch_stream.ts";

/**
 * How many recordings are held, so that going back to a job does not read it again; fewer where together
 * they are larger than one may become.
 */
const MAX_RECORDINGS = 5;

/** How long the page is hidden before it lets go of its connection. */
const REST_MS = 15_000;

const recordings = new Map<string, JobRecording>();
let stream: WatchStream | undefined;

/** What is read of the job that is watched; undefined: none is. */
export const watched = signal<JobRecording | undefined>(undefined);

/** Opens the page's stream, which goes on until the page is left. */
export function startLiveStream(): void {
  stream = new WatchStream({
    headers: tokenHeaders,
    onEvent: takeEvent,
    onConnection: (now) => connection.value = now,
  });
  restWhileHidden(stream);
  let shown = sessionToken.peek();
  effect(() => {
    const token = sessionToken.value;
    if (token === shown) return;
    shown = token;
    forgetCluster();
    recordings.clear();
    watched.value = undefined;
    connection.value = { kind: "connecting" };
    stream?.watch(undefined);
    stream?.reopen();
  });
}

/** A browser opens six connections to a host, which tabs that nobody looks at must not take from others. */
function restWhileHidden(stream: WatchStream): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.visibilityState === "hidden") timer = setTimeout(() => stream.rest(), REST_MS);
    else stream.wake();
  });
}

/** Watches a job, or none, in place of the one before. Its recording goes on where it was left. */
export function watchJob(jobId: string | undefined): JobRecording | undefined {
  const recording = jobId === undefined ? undefined : recordingOf(jobId);
  watched.value = recording;
  stream?.watch(recording);
  return recording;
}

/** Tries at once, where the page waits to be connected. */
export function reconnect(): void {
  const now = connection.peek();
  // What says that it is lost stays until it is not: who has pressed its button is still there.
  connection.value = now.kind === "lost"
    ? { ...now, retryAtMs: Date.now() }
    : { kind: "connecting" };
  stream?.reopen();
}

function recordingOf(jobId: string): JobRecording {
  const known = recordings.get(jobId);
  const recording = known !== undefined && known.missing.peek() === undefined
    ? known
    : new JobRecording(jobId);
  // The one that was used last is the last.
  recordings.delete(jobId);
  recordings.set(jobId, recording);
  let count = 0;
  let characters = 0;
  for (const [id, held] of [...recordings].reverse()) {
    count++;
    characters += held.characters;
    if (id !== jobId && (count > MAX_RECORDINGS || characters > MAX_CHARACTERS)) {
      recordings.delete(id);
    }
  }
  return recording;
}

import { useEffect } from "preact/hooks";
import type { JobRecording } from "../job_recording.ts";
import { watched, watchJob } from "../live_stream.ts";
import { sessionToken } from "../session_token.ts";

/** Watches a job as long as who asks is shown, and gives what has been read of it. */
export function useRecording(jobId: string): JobRecording | undefined {
  // With another token it is read anew.
  const token = sessionToken.value;
  useEffect(() => {
    watchJob(jobId);
    return () => {
      if (watched.peek()?.jobId === jobId) watchJob(undefined);
    };
  }, [jobId, token]);
  const recording = watched.value;
  return recording?.jobId === jobId ? recording : undefined;
}

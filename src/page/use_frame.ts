import { effect } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import type { JobRecording } from "./job_recording.ts";

/** The version of a recording, at most once for each picture that the screen shows: tokens come faster. */
export function useFrame(recording: JobRecording | undefined): number {
  const [version, setVersion] = useState(-1);
  useEffect(() => {
    if (recording === undefined) return undefined;
    let frame: number | undefined;
    const draw = () => {
      frame = undefined;
      setVersion(recording.version.peek());
    };
    const dispose = effect(() => {
      recording.version.value;
      frame ??= requestAnimationFrame(draw);
    });
    return () => {
      dispose();
      if (frame !== undefined) cancelAnimationFrame(frame);
    };
  }, [recording]);
  return version;
}

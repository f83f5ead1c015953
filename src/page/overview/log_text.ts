import type { JobEvent, NarrationEvent } from "../../contracts/job_event.ts";

type LogEvent = Extract<JobEvent, { type: "log" }>;
type GapEvent = Extract<JobEvent, { type: "gap" }>;

/** How many lines of a worker's log are shown; past it the oldest go. */
export const MAX_LOG_LINES = 1000;

/** The line that an event of a worker's log is shown as; undefined: it shows none. */
export function logLine(name: string, data: unknown): string | undefined {
  switch (name) {
    case "log":
      return (data as LogEvent).line;
    case "narration":
      return (data as NarrationEvent).formatted;
    case "gap": {
      const { from, to } = data as GapEvent;
      const count = to - from + 1;
      return `(${count} earlier ${count === 1 ? "line is" : "lines are"} no longer kept)`;
    }
    default:
      return undefined;
  }
}

/** Adds lines at the end, and drops the oldest past {@linkcode MAX_LOG_LINES}. */
export function withLogLines(lines: readonly string[], more: readonly string[]): readonly string[] {
  return more.length === 0 ? lines : [...lines, ...more].slice(-MAX_LOG_LINES);
}

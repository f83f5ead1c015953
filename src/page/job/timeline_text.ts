import type { JobEntry } from "../job_entry.ts";
import { stateWord } from "../job_state.tsx";

/** All that a timeline holds as plain text, a line each: time, who, what, and the words. */
export function timelineText(entries: readonly JobEntry[]): string {
  const lines: string[] = [];
  for (const entry of entries) {
    switch (entry.kind) {
      case "said":
        lines.push(`${entry.at} ${entry.actor} ${entry.action}: ${entry.text}`);
        break;
      case "output":
        for (const { at, stream, text } of entry.lines) {
          lines.push(`${at} ${entry.actor} ${stream}: ${text}`);
        }
        break;
      case "answer":
        lines.push(`${entry.at} worker answer: ${entry.tokens} tokens`);
        break;
      case "data":
        lines.push(`${entry.at} data ${entry.name}: ${JSON.stringify(entry.value)}`);
        break;
      case "gap":
        lines.push(`events ${entry.seq} to ${entry.lastSeq} are no longer kept`);
        break;
      case "end": {
        const { at, state, code, message } = entry;
        lines.push([`${at} ${stateWord(state)}`, code, message].filter(Boolean).join(": "));
      }
    }
  }
  return lines.join("\n");
}

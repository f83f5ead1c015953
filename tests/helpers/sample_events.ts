import fc from "fast-check";
import type { JobEvent, NewJobEvent } from "../../src/contracts/job_event.ts";
import { anyText, HOSTILE_STRINGS } from "./hostile_strings.ts";

const AT = "2026-01-31T12:00:00.123Z";

/** One event of each kind, bare and with everything it may carry, with `text` wherever text goes. */
export function eventsWith(text: string): NewJobEvent[] {
  const actor = "worker:gpu-1";
  return [
    { type: "narration", actor, action: "x", human: text, level: "info", formatted: text },
    {
      type: "narration",
      actor: "hive",
      action: "model_download",
      human: text,
      level: "warn",
      job_id: text,
      correlation_id: text,
      fields: { text, nested: { list: [text, null, true, 1.5] } },
      progress: { current: 1, total: 0, unit: text.slice(0, 32) },
      formatted: text,
    },
    { type: "log", actor, stream: "stdout", line: text },
    { type: "log", actor, stream: "stderr", line: text, truncated: true },
    { type: "token", text, i: 0 },
    { type: "data", name: text, value: { [`k${text}`]: text } },
    { type: "done", result: null },
    {
      type: "done",
      result: [text],
      usage: { prompt_tokens: 0, completion_tokens: 7 },
      finish_reason: "length",
    },
    { type: "error", code: text, message: text },
    { type: "error", code: "x", message: "y", details: { text } },
    { type: "cancelled", reason: text },
  ];
}

/** Gives `event` the place that a log would. */
export function placed(seq: number, event: NewJobEvent, at: string = event.at ?? AT): JobEvent {
  return { ...event, seq, at };
}

/** Every kind of event in its place, and a gap. */
export const EVENTS: readonly JobEvent[] = [
  ...eventsWith("text").map((event, index) => placed(index + 1, event)),
  { type: "gap", from: 3, to: 9 },
];

/** Events of every kind with hostile texts, in an order that a log could have. */
export const HOSTILE_EVENTS: readonly NewJobEvent[] = HOSTILE_STRINGS.flatMap(eventsWith);

/** Any event that a log could take. */
export function anyNewEvent(): fc.Arbitrary<NewJobEvent> {
  return fc.tuple(anyText(), fc.nat(10)).map(([text, index]) => eventsWith(text)[index]!);
}

import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { EndEntry } from "../job_entry.ts";
import type { JobRecording } from "../job_recording.ts";
import { countText, rateText } from "../quantities.ts";
import { tokensPerSecond } from "../tokens_per_second.ts";
import { AnswerParts } from "./answer_parts.ts";

/** How near to its end an answer is followed, in pixels. */
const NEAR_END_PX = 24;

/** The answer as it came, as plain text, and how fast. While it comes, its end is followed. */
export function JobAnswer(
  { recording, isRunning }: { recording: JobRecording; isRunning: boolean },
) {
  const { tokens, end } = recording;
  const box = useRef<HTMLPreElement>(null);
  const isFollowed = useRef(true);
  const text = useMemo(() => new AnswerParts(), [recording]);
  useLayoutEffect(() => {
    if (!isRunning || !isFollowed.current || box.current === null) return;
    box.current.scrollTop = box.current.scrollHeight;
  }, [isRunning, tokens]);
  if (tokens === 0) return null;
  const look = () => {
    if (box.current === null) return;
    const { scrollHeight, scrollTop, clientHeight } = box.current;
    isFollowed.current = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
  };
  const rate = tokensPerSecond(recording);
  return (
    <section class="panel" aria-labelledby="job-answer">
      <h2 id="job-answer">Answer</h2>
      <pre
        ref={box}
        class="job-block job-answer"
        dir="auto"
        tabIndex={0}
        role="group"
        aria-labelledby="job-answer"
        onScroll={look}
      >
        {text.read(recording.answer).map((part, index) => <span key={index}>{part}</span>)}
      </pre>
      <p class="muted">
        {countText(tokens, "token")}
        {promptText(end)}
        {rate !== undefined && `, ${rateText(rate)} a second`}
        {endText(end)}.
      </p>
    </section>
  );
}

function promptText(end: EndEntry | undefined): string {
  if (end?.usage === undefined) return "";
  const { prompt_tokens: prompt, cached_tokens: cached = 0 } = end.usage;
  const reused = cached > 0 ? ` (${cached.toLocaleString()} of them reused)` : "";
  return ` to a prompt of ${countText(prompt, "token")}${reused}`;
}

function endText(end: EndEntry | undefined): string {
  switch (end?.finishReason) {
    case "stop":
      return "; the model or a stop text ended it";
    case "length":
      return "; it reached the limit of tokens";
    case "tool_calls":
      return "; it asks for calls of tools";
    case undefined:
      return end === undefined ? " so far" : "";
  }
}

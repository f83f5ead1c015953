import type { ComponentChildren } from "preact";
import type { EndEntry, OutputEntry, SaidEntry } from "../job_entry.ts";
import { stateWord } from "../job_state.tsx";
import { bytesText, countText, durationText } from "../quantities.ts";
import { JsonBlock } from "./json_block.tsx";
import { offsetText } from "./offset_text.ts";
import type { Row } from "./rows.ts";

/** What each row of a timeline is drawn with. */
export interface TimelineRowProps {
  row: Row;
  /** When the job began, in milliseconds since 1970: rows tell how long after it they were. */
  startMs: number;
  /** Whether the address names it. */
  isLinked: boolean;
  onToggle(entry: OutputEntry): void;
}

/** One row of a job's timeline. */
export function TimelineRow({ row, startMs, isLinked, onToggle }: TimelineRowProps) {
  if (row.kind === "dropped") {
    return (
      <p class="line-gap">
        {countText(row.lines, "older line")} left out, because there are too many;{" "}
        <code>rbee job watch</code> shows what the queen has kept.
      </p>
    );
  }
  const place = { startMs, isLinked };
  if (row.kind === "line") {
    const { line, entry } = row;
    return (
      <Line {...place} seq={line.seq} at={line.at} actor={entry.actor} action={line.stream}>
        <span class="line-output">{line.text}</span>
        {line.truncated && <span class="muted">(the line was longer)</span>}
      </Line>
    );
  }
  if (row.kind === "group") {
    const { entry, isOpen } = row;
    const { seq, at, actor, lines } = entry;
    return (
      <Line {...place} seq={seq} at={at} actor={actor} action="output">
        <button
          type="button"
          class="line-fold"
          aria-expanded={isOpen}
          onClick={() => onToggle(entry)}
        >
          {countText(lines.length, "line")} of output of {actor}
        </button>
      </Line>
    );
  }
  const { entry } = row;
  const { seq, at } = entry;
  switch (entry.kind) {
    case "said":
      return (
        <Line
          {...place}
          seq={seq}
          at={at}
          actor={entry.actor}
          action={entry.action}
          level={entry.level}
        >
          <Said entry={entry} />
        </Line>
      );
    case "answer":
      return (
        <Line {...place} seq={seq} at={at} actor="worker" action="answer">
          {countText(entry.tokens, "token")} of the answer, in{" "}
          {durationText(Date.parse(entry.lastAt) - Date.parse(at))}
        </Line>
      );
    case "data":
      return (
        <Line {...place} seq={seq} at={at} actor="" action="data">
          <JsonBlock name={entry.name} value={entry.value} />
        </Line>
      );
    case "gap":
      return (
        <p class="line-gap">
          {countText(entry.lastSeq - seq + 1, "event")} no longer kept: {seq} to {entry.lastSeq}
        </p>
      );
    case "end":
      return (
        <Line
          {...place}
          seq={seq}
          at={at}
          actor=""
          action={entry.state}
          endState={entry.state}
        >
          <strong>{endText(entry)}</strong>
        </Line>
      );
  }
}

interface LineProps {
  seq: number;
  at: string;
  startMs: number;
  isLinked: boolean;
  actor: string;
  action: string;
  level?: SaidEntry["level"] | undefined;
  /** Of the line that tells how the job ended. */
  endState?: EndEntry["state"];
  children: ComponentChildren;
}

function Line(props: LineProps) {
  const { seq, at, startMs, isLinked, actor, action, level, endState, children } = props;
  const time = new Date(at);
  return (
    <div
      class="line"
      data-role={actor.split(":")[0]}
      data-level={level}
      data-end={endState}
      data-seq={seq}
      aria-current={isLinked ? "location" : undefined}
    >
      <span class="line-when">
        <a class="line-time" href={`#seq-${seq}`} title="Link to this line">
          <time dateTime={at}>{clockText(time)}</time>
        </a>
        <span class="line-offset">{offsetText(time.getTime() - startMs)}</span>
      </span>
      <span class="line-actor">{actor}</span>
      <span class="line-action">{action}</span>
      <span class="line-text">
        {(level === "warn" || level === "error") && (
          <strong class="line-level">{level === "warn" ? "Warning:" : "Error:"}</strong>
        )}
        {level === "debug" && <span class="line-level">Detail:</span>}
        {level !== undefined && level !== "info" && " "}
        {children}
      </span>
    </div>
  );
}

function Said({ entry }: { entry: SaidEntry }) {
  const { text, progress } = entry;
  if (progress === undefined || progress.total <= 0) return <>{text}</>;
  const { current, total, unit } = progress;
  const told = unit === "bytes"
    ? `${bytesText(current)} of ${bytesText(total)}`
    : unit === "percent"
    ? `${Math.round(current)} %`
    : `${current.toLocaleString()} of ${total.toLocaleString()} ${unit}`;
  return (
    <>
      {text}
      <progress max={total} value={Math.min(current, total)} aria-label={text}>{told}</progress>
    </>
  );
}

function endText({ state, message }: EndEntry): string {
  return message === undefined ? stateWord(state) : `${stateWord(state)}: ${message}`;
}

function clockText(time: Date): string {
  const digits = (value: number, length: number) => `${value}`.padStart(length, "0");
  return `${digits(time.getHours(), 2)}:${digits(time.getMinutes(), 2)}:${
    digits(time.getSeconds(), 2)
  }.${digits(time.getMilliseconds(), 3)}`;
}

import { doneWithoutAnswer } from "./answer_events.ts";
import type { JournalSegment } from "./journal.ts";

const NEWLINE = 10;
const encoder = new TextEncoder();
const TOKEN_LINE = encoder.encode("event: token\n");
const DATA_LINE = encoder.encode("event: data\n");
const DONE_LINE = encoder.encode("event: done\n");

/** One event inside a segment. */
interface Span {
  begin: number;
  end: number;
  /** Where the line of its type begins. */
  typeAt: number;
}

/**
 * Cuts a segment to begin after event `after`. A segment that begins there already is returned as it
 * is; undefined when nothing is left.
 */
export function cutSegment(segment: JournalSegment, after: number): JournalSegment | undefined {
  if (after >= segment.to) return undefined;
  if (after < segment.from) return segment;
  let seq = segment.from;
  for (const { begin } of spans(segment.bytes)) {
    if (seq === after + 1) {
      return { from: seq, to: segment.to, bytes: segment.bytes.subarray(begin) };
    }
    seq++;
  }
  return undefined;
}

/** The runs of a segment between its `token` events, which are left out. */
export function withoutTokens(segment: JournalSegment): JournalSegment[] {
  return runsBetween(segment, (typeAt) => startsAt(segment.bytes, typeAt, TOKEN_LINE));
}

/**
 * The runs of a segment, of a job that answers, in which nothing is of its answer: without its `token`
 * and `data` events, and with a `done` that tells who answered and not what.
 */
export function withoutAnswers(segment: JournalSegment): JournalSegment[] {
  const { bytes } = segment;
  let done: JournalSegment | undefined;
  const runs = runsBetween(segment, (typeAt, { begin, end, seq }) => {
    if (startsAt(bytes, typeAt, DONE_LINE)) {
      done = { from: seq, to: seq, bytes: doneWithoutAnswer(bytes.subarray(begin, end)) };
      return true;
    }
    return startsAt(bytes, typeAt, TOKEN_LINE) || startsAt(bytes, typeAt, DATA_LINE);
  });
  // It is the last event of its job.
  return done === undefined ? runs : [...runs, done];
}

function runsBetween(
  segment: JournalSegment,
  isLeftOut: (typeAt: number, event: { begin: number; end: number; seq: number }) => boolean,
): JournalSegment[] {
  const runs: JournalSegment[] = [];
  let run: { from: number; to: number; begin: number; end: number } | undefined;
  const close = () => {
    if (run === undefined) return;
    runs.push({ from: run.from, to: run.to, bytes: segment.bytes.subarray(run.begin, run.end) });
    run = undefined;
  };
  let seq = segment.from;
  for (const { begin, end, typeAt } of spans(segment.bytes)) {
    if (isLeftOut(typeAt, { begin, end, seq })) close();
    else if (run === undefined) run = { from: seq, to: seq, begin, end };
    else run = { ...run, to: seq, end };
    seq++;
  }
  close();
  return runs;
}

/** Finds the events in bytes that `encodeEvent` wrote: each ends with an empty line. */
function* spans(bytes: Uint8Array): Generator<Span, void, void> {
  let begin = 0;
  while (begin < bytes.length) {
    let end = bytes.indexOf(NEWLINE, begin);
    // JSON escapes line ends, so an empty line is the end of an event and nothing else.
    while (end !== -1 && bytes[end + 1] !== NEWLINE) end = bytes.indexOf(NEWLINE, end + 1);
    if (end === -1) return;
    end += 2;
    const typeAt = bytes.indexOf(NEWLINE, begin) + 1;
    yield { begin, end, typeAt };
    begin = end;
  }
}

function startsAt(bytes: Uint8Array, at: number, line: Uint8Array): boolean {
  return line.every((byte, i) => bytes[at + i] === byte);
}

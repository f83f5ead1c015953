import type { JournalSegment } from "./journal.ts";

const NEWLINE = 10;
const TOKEN_LINE = new TextEncoder().encode("event: token\n");

/** One event inside a segment. */
interface Span {
  begin: number;
  end: number;
  token: boolean;
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
  const runs: JournalSegment[] = [];
  let run: { from: number; to: number; begin: number; end: number } | undefined;
  const close = () => {
    if (run === undefined) return;
    runs.push({ from: run.from, to: run.to, bytes: segment.bytes.subarray(run.begin, run.end) });
    run = undefined;
  };
  let seq = segment.from;
  for (const { begin, end, token } of spans(segment.bytes)) {
    if (token) close();
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
    const token = TOKEN_LINE.every((byte, i) => bytes[typeAt + i] === byte);
    yield { begin, end, token };
    begin = end;
  }
}

import type { JobView } from "../../src/contracts/job.ts";
import type { NewJobEvent } from "../../src/contracts/job_event.ts";
import type { JobRecord } from "../../src/contracts/job_record.ts";
import type { Journal, JournalSegment } from "../../src/journal/journal.ts";
import { newJobId } from "../../src/jobs/job_id.ts";
import { encodeEvent } from "../../src/sse/encode_event.ts";
import { bytesOf } from "./bytes.ts";

const AT = "2026-01-31T12:00:00.123Z";
const decoder = new TextDecoder();

/** The events as a log gives them to a journal, the first one numbered `from`. */
export function segmentOf(from: number, events: readonly NewJobEvent[]): JournalSegment {
  const text = events.map((event, n) => encodeEvent(from + n, event.at ?? AT, event)).join("");
  return { from, to: from + events.length - 1, bytes: bytesOf(text) };
}

/** Log events `from` to `to`, each holding its number and `length` more characters. */
export function linesSegment(from: number, to: number, length = 0): JournalSegment {
  return segmentOf(
    from,
    Array.from({ length: to - from + 1 }, (_, n) => ({
      type: "log",
      actor: "hive",
      stream: "stdout",
      line: `line ${from + n} ${"x".repeat(length)}`,
    })),
  );
}

/** Token events `from` to `to`. */
export function tokensSegment(from: number, to: number): JournalSegment {
  return segmentOf(
    from,
    Array.from({ length: to - from + 1 }, (_, n) => ({
      type: "token",
      text: `secret${from + n}`,
      i: from + n - 1,
    })),
  );
}

/** The bytes of a segment as text. */
export function textOf(segment: JournalSegment | undefined): string {
  return decoder.decode(segment?.bytes);
}

/** The numbers that the events of a segment bear themselves. */
export function idsOf(segment: JournalSegment | undefined): number[] {
  return [...textOf(segment).matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]));
}

/** All that a journal still has of a job after event `after`, read as a log does. */
export function readKept(
  journal: Pick<Journal, "read">,
  jobId: string,
  after = 0,
): { ids: number[]; text: string } {
  const ids: number[] = [];
  let text = "";
  for (;;) {
    const segment = journal.read(jobId, after);
    if (segment === undefined) return { ids, text };
    ids.push(...idsOf(segment));
    text += textOf(segment);
    after = segment.to;
  }
}

/** The numbers `from` to `to`. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, n) => from + n);
}

/** What is kept of a job that runs, or that `view` tells otherwise of. */
export function recordOf(view: Partial<JobView> = {}): JobRecord {
  return {
    job: {
      job_id: newJobId(),
      operation: "infer",
      state: "running",
      created_at: AT,
      started_at: AT,
      finished_at: null,
      correlation_id: crypto.randomUUID(),
      last_seq: 0,
      ...view,
    },
    delegated: [],
  };
}

/** As {@linkcode recordOf}, of a job that is done. */
export function doneRecord(jobId: string, lastSeq: number): JobRecord {
  return recordOf({
    job_id: jobId,
    state: "done",
    finished_at: AT,
    result: null,
    last_seq: lastSeq,
  });
}

import type { JournalSegment } from "./journal.ts";
import type { JournalFile } from "./journal_file.ts";

const ROW_BYTES = 65_536;
const FEW_ROWS = 4;
const MAX_MERGED_BYTES = 2 * 1024 * 1024;

/**
 * Puts the rows of a job that has ended together, since one that ran for long was written a few events
 * at a time. What is larger than 2 MiB is left: its rows are large already, and the loop must not wait.
 */
export function mergeSegments(file: JournalFile, jobId: string, rows: number): void {
  if (rows <= FEW_ROWS) return;
  const merged: JournalSegment[] = [];
  let total = 0;
  for (let after = 0;;) {
    const segment = file.readFrom(jobId, after);
    if (segment === undefined) break;
    total += segment.bytes.length;
    if (total > MAX_MERGED_BYTES) return;
    after = segment.to;
    const last = merged.at(-1);
    if (last?.to === segment.from - 1 && last.bytes.length + segment.bytes.length <= ROW_BYTES) {
      last.to = segment.to;
      last.bytes = concat(last.bytes, segment.bytes);
    } else {
      merged.push({ ...segment });
    }
  }
  if (merged.length < rows) file.replace(jobId, merged);
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

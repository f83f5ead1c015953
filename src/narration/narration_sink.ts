import type { NarrationRecord } from "../contracts/narration_record.ts";

/** A place where narration goes. */
export interface NarrationSink {
  /**
   * Takes one record. Must not block and need not be awaited. What it throws is counted, never seen
   * by who narrates.
   */
  write(record: NarrationRecord): void;
}

const sinks = new Set<NarrationSink>();
let failures = 0;

/** Adds a sink to this process and returns what removes it. Sinks are written in order of adding. */
export function addNarrationSink(sink: NarrationSink): () => void {
  sinks.add(sink);
  return () => {
    sinks.delete(sink);
  };
}

/** Gives a record to every sink. Never throws. */
export function deliver(record: NarrationRecord): void {
  for (const sink of sinks) {
    try {
      sink.write(record);
    } catch {
      failures++;
    }
  }
}

/** How often a sink of this process threw. */
export function sinkFailures(): number {
  return failures;
}

import { within } from "../../src/base/delay.ts";
import type { NarrationRecord } from "../../src/contracts/narration_record.ts";
import { addNarrationSink } from "../../src/narration/narration_sink.ts";

const PATIENCE_MS = 20_000;

/** Resolves with the next narration of `action` in this process; rejects when none comes. */
export async function nextNarration(action: string): Promise<NarrationRecord> {
  const found = Promise.withResolvers<NarrationRecord>();
  const remove = addNarrationSink({
    write: (record) => {
      if (record.action === action) found.resolve(record);
    },
  });
  try {
    const record = await within(found.promise, PATIENCE_MS);
    if (record === undefined) throw new Error(`Nobody narrated ${action}`);
    return record;
  } finally {
    remove();
  }
}

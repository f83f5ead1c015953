import { type NarrationRecord, narrationRecordSchema } from "../contracts/narration_record.ts";

const PREFIX = '{"rbee":"narration"';

/** Writes narration as one line of JSON whose first member is `"rbee":"narration"`. */
export function formatNarrationJson(record: NarrationRecord): string {
  return JSON.stringify(record);
}

/**
 * Reads a line that {@linkcode formatNarrationJson} wrote. Undefined for any other line, also for
 * JSON that claims to be narration and does not fit the schema.
 */
export function parseNarrationJson(line: string): NarrationRecord | undefined {
  // A plain line is told apart without the cost of a failed parse.
  if (!line.startsWith(PREFIX)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const parsed = narrationRecordSchema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

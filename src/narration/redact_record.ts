import { redact } from "../base/redact.ts";
import { redactValue } from "../base/redact_value.ts";
import type { NarrationRecord } from "../contracts/narration_record.ts";

/**
 * The same narration without secrets in its sentence and its fields, for what another process has said.
 * What this one says itself, `narrate` has redacted. Returns `record` itself where there are none.
 */
export function redactRecord<
  R extends Pick<NarrationRecord, "human"> & Partial<Pick<NarrationRecord, "fields">>,
>(record: R): R {
  const human = redact(record.human);
  const fields = record.fields && redactValue(record.fields);
  if (human === record.human && fields === record.fields) return record;
  return { ...record, human, ...(fields && { fields }) };
}

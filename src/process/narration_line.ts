import { cutText, singleLine } from "../base/single_line.ts";
import { timestamp } from "../base/timestamp.ts";
import {
  type NarrationFields,
  type NarrationLevel,
  type NarrationRecord,
  narrationRecordSchema,
} from "../contracts/narration_record.ts";
import { parseNarrationJson } from "../narration/json_format.ts";
import { MAX_HUMAN_CHARACTERS } from "../narration/narrate.ts";
import { parseNarrationText } from "../narration/text_format.ts";
import { AcceptedTexts } from "./accepted_texts.ts";
import { printableText } from "./printable_text.ts";

const JSON_START = '{"rbee":"narration"';
const TEXT_START = /^\[(queen|hive|worker|keeper)/;

/**
 * Reads a line of a program that is trusted to narrate: JSON, or else the padded text. Its sentence
 * comes out as one printable line of at most {@linkcode MAX_HUMAN_CHARACTERS}. Undefined for any other
 * line, also for one that claims to be narration and does not fit the schema.
 */
export function parseNarrationLine(line: string): NarrationRecord | undefined {
  const usual = line.startsWith(JSON_START) ? parseUsualJson(line) : undefined;
  if (usual !== undefined) return usual;
  const record = parseNarrationJson(line) ?? parseText(line);
  if (record !== undefined) record.human = oneLine(record.human);
  return record;
}

/** A cheap look at lines with `\n` or `\r` between them: false when none of them is narration. */
export function mayHoldNarration(text: string): boolean {
  // The escape stands for the painted text, which begins with a colour.
  return text.includes(JSON_START) || text.startsWith("[") || text.includes("\n[") ||
    text.includes("\r[") || text.includes("\u001b");
}

/** Whether the begin of a line could become narration with what is still to come of it. */
export function mayBecomeNarration(start: string): boolean {
  return start.startsWith(JSON_START) || JSON_START.startsWith(start) ||
    TEXT_START.test(printableText(start));
}

function oneLine(human: string): string {
  return singleLine(cutText(human, MAX_HUMAN_CHARACTERS));
}

function parseText(line: string): NarrationRecord | undefined {
  if (!line.startsWith("[") && !line.startsWith("\u001b")) return undefined;
  const text = printableText(line);
  if (!TEXT_START.test(text)) return undefined;
  const parsed = parseNarrationText(text);
  return parsed && { rbee: "narration", at: timestamp(), level: "info", ...parsed };
}

// A sentence, in its two parts, is one that need not be made printable unless it has an escape: what
// `singleLine` would change has no place in the first.
const HEAD =
  // deno-lint-ignore no-control-regex -- control characters are what it does not have
  /^\{"rbee":"narration","at":"([^"\\]*)","actor":"([^"\\]*)","action":"([^"\\]*)","human":"([^"\\\u0000-\u001f\u007f-\u009f\u2028\u2029\p{Bidi_Control}]*)((?:\\.[^"\\\u0000-\u001f]*)*)","level":"([^"\\]*)"/u;
const times = new AcceptedTexts(narrationRecordSchema.shape.at);
const actors = new AcceptedTexts(narrationRecordSchema.shape.actor);
const actions = new AcceptedTexts(narrationRecordSchema.shape.action);
const levels = new AcceptedTexts(narrationRecordSchema.shape.level);
const optionalSchema = narrationRecordSchema.pick({
  job_id: true,
  correlation_id: true,
  progress: true,
});
const OPTIONAL: ReadonlySet<string> = new Set(["", ...Object.keys(optionalSchema.shape), "fields"]);

/**
 * Reads what `formatNarrationJson` usually prints, several times faster than a parser and a schema that
 * must be ready for anything. What it takes is what the schema takes, its sentence as one printable
 * line; undefined for what the schema itself must judge.
 */
function parseUsualJson(line: string): NarrationRecord | undefined {
  const match = HEAD.exec(line);
  if (match === null) return undefined;
  const [head, at = "", actor = "", action = "", begin = "", escaped = "", level = ""] = match;
  const accepted = times.has(at) && actors.has(actor) && actions.has(action) && levels.has(level);
  if (!accepted) return undefined;
  try {
    const printable = escaped === "" && begin.length <= MAX_HUMAN_CHARACTERS &&
      begin.isWellFormed();
    const human = printable ? begin : oneLine(JSON.parse(`"${begin}${escaped}"`));
    const record: NarrationRecord = {
      rbee: "narration",
      at,
      actor,
      action,
      human,
      level: level as NarrationLevel,
    };
    const rest = line.slice(head.length);
    // A member without a name stands for the head, so that what follows it is judged as it stands.
    return rest === "}" ? record : withOptional(record, JSON.parse(`{"":0${rest}`));
  } catch {
    return undefined;
  }
}

function withOptional(
  record: NarrationRecord,
  rest: Record<string, unknown>,
): NarrationRecord | undefined {
  const { fields } = rest;
  // A member that has come before would be another value of it.
  const usual = Object.keys(rest).every((name) => OPTIONAL.has(name)) &&
    (fields === undefined || isFlat(fields));
  const parsed = usual ? optionalSchema.safeParse(rest) : undefined;
  if (!parsed?.success) return undefined;
  const { job_id, correlation_id, progress } = parsed.data;
  if (job_id !== undefined) record.job_id = job_id;
  if (correlation_id !== undefined) record.correlation_id = correlation_id;
  if (fields !== undefined) record.fields = fields as NarrationFields;
  if (progress !== undefined) record.progress = progress;
  return record;
}

/** Whether these are fields of which none is a list or an object. */
function isFlat(fields: unknown): boolean {
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) return false;
  return Object.entries(fields).every(([name, value]) =>
    // The schema takes no infinite number, and drops a member of this name.
    name !== "__proto__" && (typeof value === "number" ? Number.isFinite(value) : isPlain(value))
  );
}

function isPlain(value: unknown): boolean {
  return value === null || typeof value === "string" || typeof value === "boolean";
}

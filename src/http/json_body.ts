import type { Context } from "hono";
import type { z } from "zod";
import { RbeeError } from "../base/rbee_error.ts";
import { cutText } from "../base/single_line.ts";
import { readRequestBody } from "./request_body.ts";
import { faultOf, sentence, valueAt } from "./schema_fault.ts";

/** How many lists and objects of a body may stand one in the other. */
export const MAX_DEPTH = 256;

// Of a field's name in an error: it is the sender's, and may be as long as the body.
const MAX_FIELD_CHARACTERS = 200;

/**
 * Reads a JSON object from the body.
 *
 * @throws {RbeeError} `unsupported_media_type` If the body is not declared as application/json, which
 * a form of a foreign web page cannot do unasked; or if it is packed.
 * @throws {RbeeError} `invalid_json` If it is not a JSON object in UTF-8, or is nested more than
 * {@linkcode MAX_DEPTH} levels deep: a schema calls itself for each of them.
 * @throws {RbeeError} `body_too_slow` or `body_too_large` As `readRequestBody`.
 */
export async function readJsonObject(c: Context): Promise<Record<string, unknown>> {
  const type = c.req.header("content-type") ?? "";
  if (!/^application\/json *(;|$)/i.test(type)) {
    throw new RbeeError(
      "unsupported_media_type",
      `Cannot read a body of type "${type.slice(0, 100)}"; send Content-Type: application/json`,
    );
  }
  const coding = c.req.header("content-encoding") || "identity";
  if (!/^ *identity *$/i.test(coding)) {
    throw new RbeeError(
      "unsupported_media_type",
      `Cannot read a body of Content-Encoding "${
        coding.slice(0, 100)
      }"; send it as it is, without that header`,
    );
  }
  const value = parse(await readRequestBody(c));
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new RbeeError("invalid_json", "The body is not a JSON object; send one");
  }
  if (isDeeper(value, MAX_DEPTH)) {
    throw new RbeeError(
      "invalid_json",
      `The body is nested more than ${MAX_DEPTH} levels deep; send less deep JSON`,
    );
  }
  return value as Record<string, unknown>;
}

// What is no UTF-8 would be read as other characters than were meant.
const decoder = new TextDecoder("utf-8", { fatal: true });

function parse(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw new RbeeError("invalid_json", "The body is not UTF-8; send a JSON object in UTF-8");
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new RbeeError("invalid_json", "The body is not JSON; send a JSON object");
  }
}

/**
 * Checks a value against a schema.
 *
 * @throws {RbeeError} `invalid_request` If it does not fit; the message names the first wrong field.
 */
export function validate<S extends z.ZodType>(
  schema: S,
  value: unknown,
  options: { what: string },
): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, issue } = faultOf(parsed.error.issues[0]!);
  if (issue.code === "unrecognized_keys") {
    const key = cutText([...path, issue.keys[0]].join("."), MAX_FIELD_CHARACTERS);
    throw invalid(key, `Unknown field "${key}" for ${options.what}; remove it`);
  }
  const field = cutText(path.join("."), MAX_FIELD_CHARACTERS);
  const given = valueAt(value, path) === undefined ? "is missing" : sentence(issue);
  throw invalid(field, `Field "${field}" of ${options.what} ${given}`);
}

/** Whether lists and objects stand more than `levels` deep in each other. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  const parts: unknown[] = Array.isArray(value) ? value : Object.values(value);
  return parts.some((part) => isDeeper(part, levels - 1));
}

function invalid(field: string, message: string): RbeeError {
  return new RbeeError("invalid_request", message, { details: { field } });
}

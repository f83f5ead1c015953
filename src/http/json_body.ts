import type { Context, MiddlewareHandler } from "hono";
import type { z } from "zod";
import { RbeeError } from "../base/rbee_error.ts";
import { faultOf, sentence, valueAt } from "./schema_fault.ts";

/** The largest body that is taken, in bytes. */
export const MAX_BODY_BYTES = 8 * 1024 * 1024;

/** Refuses bodies of more than {@linkcode MAX_BODY_BYTES}, also those that do not say their length. */
export function limitBody(): MiddlewareHandler {
  return async (c, next) => {
    const { raw } = c.req;
    if (raw.body !== null) {
      const length = raw.headers.get("content-length");
      // Where both are sent, the length is not the one that counts.
      if (length !== null && !raw.headers.has("transfer-encoding")) {
        if (Number(length) > MAX_BODY_BYTES) throw bodyTooLarge();
      } else {
        c.req.raw = new Request(raw, { body: await readLimited(raw.body) });
      }
    }
    await next();
  };
}

async function readLimited(body: ReadableStream<Uint8Array>): Promise<Blob> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  // Leaving the loop early cancels the body, which lets go of what the connection holds for it.
  for await (const chunk of body) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw bodyTooLarge();
    chunks.push(chunk as Uint8Array<ArrayBuffer>);
  }
  return new Blob(chunks);
}

function bodyTooLarge(): RbeeError {
  return new RbeeError(
    "body_too_large",
    `The body is larger than ${MAX_BODY_BYTES / 1024 / 1024} MiB; send less`,
  );
}

/**
 * Reads a JSON object from the body.
 *
 * @throws {RbeeError} `unsupported_media_type` If the body is not declared as application/json, which
 * a form of a foreign web page cannot do unasked; or if it is packed.
 * @throws {RbeeError} `invalid_json` If it is not a JSON object in UTF-8.
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
  const value = parse(await c.req.arrayBuffer());
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new RbeeError("invalid_json", "The body is not a JSON object; send one");
  }
  return value as Record<string, unknown>;
}

// What is no UTF-8 would be read as other characters than were meant.
const decoder = new TextDecoder("utf-8", { fatal: true });

function parse(bytes: ArrayBuffer): unknown {
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
    const key = [...path, issue.keys[0]].join(".");
    throw invalid(key, `Unknown field "${key}" for ${options.what}; remove it`);
  }
  const field = path.join(".");
  const given = valueAt(value, path) === undefined ? "is missing" : sentence(issue);
  throw invalid(field, `Field "${field}" of ${options.what} ${given}`);
}

function invalid(field: string, message: string): RbeeError {
  return new RbeeError("invalid_request", message, { details: { field } });
}

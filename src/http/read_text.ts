import { RbeeError } from "../base/rbee_error.ts";
import { readBody } from "./read_body.ts";

/** The longest answer of a role that is read as one text, in bytes: a list of all that it keeps. */
export const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/**
 * Reads an answer as one text, up to `maxBytes` (default {@linkcode MAX_ANSWER_BYTES}), counted as it
 * comes out of its compression. What is longer is not read to its end, whoever sends it.
 *
 * @param url Who answers, for the error.
 * @throws {RbeeError} `bad_answer` If it is longer.
 * @throws {unknown} If `signal` aborts: its reason. If the body breaks: its error.
 */
export async function readText(
  response: Response,
  options: { url: string; signal: AbortSignal; maxBytes?: number | undefined },
): Promise<string> {
  const { url, signal, maxBytes = MAX_ANSWER_BYTES } = options;
  if (response.body === null) return "";
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  let left = maxBytes;
  for await (const chunk of readBody(response.body, signal)) {
    left -= chunk.length;
    if (left < 0) {
      const limit = Math.round(maxBytes / 1024);
      throw new RbeeError(
        "bad_answer",
        `${url} answers with more than ${limit} KiB, which is too long; check that it is rbee's`,
      );
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

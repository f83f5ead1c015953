import { RbeeError } from "../../base/rbee_error.ts";
import type { Answer } from "./answer_form.ts";
import type { AnswerPart, AnswerReader } from "./answer_reader.ts";

/**
 * Waits for the first part of an answer that is more than narration, but not longer than `waitMs`: what
 * is refused at once can then still be answered with a status. Gives what was read.
 *
 * @throws {RbeeError} If the job failed before it answered: its error.
 * @throws {RbeeError} `cancelled` If `signal` aborts: who asked has gone.
 */
export async function firstParts(
  reader: AnswerReader,
  options: { waitMs: number; signal: AbortSignal },
): Promise<AnswerPart[]> {
  const deadlineMs = performance.now() + options.waitMs;
  const parts: AnswerPart[] = [];
  for (;;) {
    const more = reader.read();
    parts.push(...more);
    const first = more.find(({ type }) => type !== "narration");
    if (first?.type === "failed") throw first.error;
    const leftMs = deadlineMs - performance.now();
    if (first !== undefined || leftMs <= 0) return parts;
    await waitForMore(reader, { timeoutMs: leftMs, signal: options.signal });
  }
}

/**
 * Reads an answer to its end.
 *
 * @throws {RbeeError} If the job failed: its error.
 * @throws {RbeeError} `cancelled` If `signal` aborts: who asked has gone.
 */
export async function wholeAnswer(
  reader: AnswerReader,
  options: { signal: AbortSignal },
): Promise<Answer> {
  let text = "";
  const calls: Answer["calls"] = [];
  for (;;) {
    for (const part of reader.read()) {
      if (part.type === "text") text += part.text;
      else if (part.type === "tool_calls") calls.push(...part.calls);
      else if (part.type === "failed") throw part.error;
      else if (part.type === "done") {
        const { type: _type, ...end } = part;
        return { text, calls, ...end };
      }
    }
    await waitForMore(reader, options);
  }
}

async function waitForMore(
  reader: AnswerReader,
  options: { timeoutMs?: number; signal: AbortSignal },
): Promise<void> {
  await reader.wait(options);
  if (options.signal.aborted) {
    throw new RbeeError("cancelled", "The request was cancelled: who asked has gone");
  }
}

import type { LlamaContextSequence, Token } from "node-llama-cpp";
import { narrate } from "../narration/narrate.ts";
import type { LockstepMember } from "./lockstep.ts";

const FIRST_STEP_TOKENS = 32;
const STEP_TARGET_MS = 100;
const PROGRESS_EVERY_MS = 2000;

/** A prompt that is in its sequence but for its end. */
export interface ReadPrompt {
  /** What is left for the first evaluation: one token at least. */
  rest: Token[];
  /** How many tokens the sequence knew, and were not computed. */
  cached: number;
}

/**
 * Brings a prompt into a sequence, in steps short enough that an abort is noticed soon. What the
 * sequence already holds of it from an earlier request is not computed again.
 *
 * @throws {unknown} If `signal` aborts: its reason.
 */
export async function readPrompt(
  sequence: LlamaContextSequence,
  tokens: Token[],
  options: { batchSize: number; signal: AbortSignal; member: LockstepMember },
): Promise<ReadPrompt> {
  const { batchSize, signal, member } = options;
  // One token must be left to evaluate, for there to be a next one.
  const head = tokens.slice(0, -1);
  await sequence.adaptStateToTokens(head, false);
  const cached = sequence.nextTokenIndex;
  let at = cached;
  let step = FIRST_STEP_TOKENS;
  let saidMs = performance.now();
  while (at < head.length) {
    await member.next();
    signal.throwIfAborted();
    const startedMs = performance.now();
    const part = head.slice(at, at + step);
    await sequence.evaluateWithoutGeneratingNewTokens(part);
    at += part.length;
    const nowMs = performance.now();
    const tookMs = nowMs - startedMs;
    if (nowMs - saidMs >= PROGRESS_EVERY_MS) {
      saidMs = nowMs;
      narrate("prompt_read", `Read ${at} of ${tokens.length} tokens of the prompt`, {
        progress: { current: at, total: tokens.length, unit: "tokens" },
      });
    }
    if (tookMs < STEP_TARGET_MS) step = Math.min(step * 2, batchSize);
    else step = Math.max(8, Math.floor(step / 2));
  }
  signal.throwIfAborted();
  return { rest: tokens.slice(at), cached };
}

/**
 * What a sequence that holds `held` is worth to a prompt: how many tokens at its begin it knows; 0 where
 * two thirds of what it holds would be lost for that, since what begins alike is not yet the same
 * conversation.
 */
export function knownTokens(held: readonly Token[], prompt: readonly Token[]): number {
  const most = Math.min(held.length, prompt.length);
  let known = 0;
  while (known < most && held[known] === prompt[known]) known++;
  return known * 3 >= held.length ? known : 0;
}

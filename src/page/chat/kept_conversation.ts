import { type AnswerFigures, type Conversation, EMPTY, type Turn } from "./conversation.ts";

/** How much of a conversation is kept, in UTF-16 units of its JSON; browsers keep five million for a page. */
const MAX_KEPT_LENGTH = 1_500_000;
const JOB_ID = /^job-[0-9a-f-]{36}$/;
const STATES: ReadonlySet<unknown> = new Set(["asking", "answering", "done", "stopped", "failed"]);

/** The conversation as it is kept for a reload: of its turns the newest that fit. */
export function writeConversation(conversation: Conversation): string {
  const turns: Turn[] = [];
  let left = MAX_KEPT_LENGTH;
  for (const turn of conversation.turns.toReversed()) {
    left -= JSON.stringify(turn).length;
    if (left < 0) break;
    turns.unshift(turn);
  }
  const lostTurns = conversation.lostTurns + conversation.turns.length - turns.length;
  return JSON.stringify({ ...conversation, turns, lostTurns });
}

/**
 * Reads a kept conversation. What does not fit, because another version wrote it or somebody else did, is
 * left out. A question of which it is not known whether the queen took it has failed.
 */
export function readConversation(kept: string | null): Conversation {
  const { model, settings, turns, lostTurns } = recordOf(parsed(kept ?? ""));
  const { system, temperature, maxTokens } = recordOf(settings);
  const read = Array.isArray(turns) ? turns.flatMap(readTurn) : [];
  return {
    ...EMPTY,
    model: textOf(model),
    settings: {
      system: textOf(system),
      temperature: textOf(temperature),
      maxTokens: textOf(maxTokens),
    },
    // Only the last one can be open, and ids tell turns apart.
    turns: read.map((turn, i) => ({
      ...turn,
      id: i + 1,
      ...i < read.length - 1 && isOpen(turn) && { state: "stopped" as const },
    })),
    // What is added to a fraction may be lost.
    lostTurns: Number.isSafeInteger(lostTurns) ? countOf(lostTurns) ?? 0 : 0,
  };
}

function readTurn(given: unknown): Turn[] {
  const { model, question, state, jobId, answer, figures, error } = recordOf(given);
  if (typeof question !== "string" || !STATES.has(state)) return [];
  const { code, message } = recordOf(error);
  const turn: Turn = {
    id: 0,
    model: textOf(model),
    question,
    state: state as Turn["state"],
    answer: textOf(answer),
    ...typeof jobId === "string" && JOB_ID.test(jobId) && { jobId },
    ...figures !== undefined && { figures: readFigures(figures) },
    ...typeof message === "string" && { error: { code: textOf(code), message } },
  };
  if (!isOpen(turn)) return [turn];
  if (turn.jobId !== undefined) return [{ ...turn, state: "answering" }];
  const unknown = "The page was loaded anew before it was known whether the question had arrived";
  return [{ ...turn, state: "failed", error: { code: "unknown", message: unknown } }];
}

function readFigures(given: unknown): AnswerFigures {
  const { tokens, tokensPerSecond, promptTokens, finishReason, hasGap } = recordOf(given);
  const rate = countOf(tokensPerSecond);
  const prompt = countOf(promptTokens);
  return {
    tokens: countOf(tokens) ?? 0,
    ...rate !== undefined && { tokensPerSecond: rate },
    ...prompt !== undefined && { promptTokens: prompt },
    ...finishReason === "length" && { finishReason },
    ...hasGap === true && { hasGap },
  };
}

function isOpen({ state }: Turn): boolean {
  return state === "asking" || state === "answering";
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Nothing was kept, or what no version of this page wrote.
    return undefined;
  }
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function countOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}

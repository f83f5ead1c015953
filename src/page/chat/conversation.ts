import type { FinishReason } from "../../contracts/job_event.ts";

/**
 * How far a turn is. `asking`: the queen has not taken it yet; `answering`: its job runs; `stopped`: it was
 * cancelled, and what had come stays.
 */
export type TurnState = "asking" | "answering" | "done" | "stopped" | "failed";

/** What was counted of an answer. */
export interface AnswerFigures {
  tokens: number;
  /** While they came; absent where there were too few to tell. */
  tokensPerSecond?: number;
  promptTokens?: number;
  finishReason?: FinishReason;
  /** Whether events are missing, and with them perhaps text. */
  hasGap?: boolean;
}

/** A question and its answer. */
export interface Turn {
  /** Unique in its conversation. */
  id: number;
  model: string;
  question: string;
  state: TurnState;
  /** Of its job, from before the queen has taken it. Absent where she refused the question. */
  jobId?: string | undefined;
  /** What is told of the answer when its job has ended; until then the job's recording has it. */
  answer: string;
  figures?: AnswerFigures;
  /** Why it failed. */
  error?: { code: string; message: string };
}

/** What a person sets for the answers, as it was typed; `""` leaves it to the queen. */
export interface ChatSettings {
  system: string;
  temperature: string;
  maxTokens: string;
}

/** What was said, in order, and how. It is replaced, never changed. */
export interface Conversation {
  model: string;
  settings: ChatSettings;
  turns: readonly Turn[];
  /** How many older turns were given up because the browser keeps only so much. */
  lostTurns: number;
}

/** A conversation in which nothing has been said. */
export const EMPTY: Conversation = {
  model: "",
  settings: { system: "", temperature: "", maxTokens: "" },
  turns: [],
  lostTurns: 0,
};

/** The turn whose answer has not ended; there is one at most, the last. */
export function openTurn({ turns }: Conversation): Turn | undefined {
  const last = turns.at(-1);
  return last?.state === "asking" || last?.state === "answering" ? last : undefined;
}

/** Whether a turn is part of what the model is told: it has an answer, or the begin of one. */
export function isTold({ state, answer }: Turn): boolean {
  return (state === "done" || state === "stopped") && answer !== "";
}

/** The `infer` that asks a question after all that was said before. */
export function inferBody(
  { model, settings, turns }: Conversation,
  question: string,
): { operation: "infer" } & Record<string, unknown> {
  const system = settings.system.trim();
  const { temperature, maxTokens } = settings;
  return {
    operation: "infer",
    model,
    messages: [
      ...system === "" ? [] : [{ role: "system", content: system }],
      ...turns.filter(isTold).flatMap((turn) => [
        { role: "user", content: turn.question },
        { role: "assistant", content: turn.answer },
      ]),
      { role: "user", content: question },
    ],
    ...temperature.trim() !== "" && { temperature: Number(temperature) },
    ...maxTokens.trim() !== "" && { max_tokens: Number(maxTokens) },
  };
}

/** What is wrong with the settings; undefined where nothing is. */
export function settingsProblem({ temperature, maxTokens }: ChatSettings): string | undefined {
  const warmth = Number(temperature);
  if (!(warmth >= 0 && warmth <= 2)) return "The temperature must be a number from 0 to 2.";
  if (maxTokens.trim() === "") return undefined;
  const limit = Number(maxTokens);
  return Number.isInteger(limit) && limit >= 1 && limit <= 1_000_000
    ? undefined
    : "The longest answer must be a whole number of tokens from 1 to 1,000,000.";
}

/** Why nothing can be asked with the model and the settings as they are; undefined where it can. */
export function obstacleTo({ model, settings }: Conversation): string | undefined {
  return model === "" ? "Choose a model first." : settingsProblem(settings);
}

/** The conversation with one more turn, which is about to be asked. `id` and `jobId` must be those of no other. */
export function withQuestion(
  conversation: Conversation,
  asked: { id: number; jobId: string; question: string },
): Conversation {
  const { model, turns } = conversation;
  return {
    ...conversation,
    turns: [...turns, { ...asked, model, state: "asking", answer: "" }],
  };
}

/** The conversation with something of one turn told anew. */
export function withTurn(
  conversation: Conversation,
  id: number,
  change: Partial<Turn>,
): Conversation {
  return {
    ...conversation,
    turns: conversation.turns.map((turn) => turn.id === id ? { ...turn, ...change } : turn),
  };
}

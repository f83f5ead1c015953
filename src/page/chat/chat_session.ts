import { batch, computed, effect, signal } from "@preact/signals";
import { ApiError, cancelJob, submitJob } from "../api.ts";
import { failureTold } from "../failure_told.ts";
import { watched } from "../live_stream.ts";
import { newJobId } from "../job_id.ts";
import { sessionToken, tokenHeaders } from "../session_token.ts";
import { endOfTurn } from "./answer_state.ts";
import {
  type Conversation,
  EMPTY,
  inferBody,
  obstacleTo,
  openTurn,
  type Turn,
  withQuestion,
  withTurn,
} from "./conversation.ts";
import { readConversation, writeConversation } from "./kept_conversation.ts";
import { keepSessionText, readSessionText } from "../session_text.ts";

const CONVERSATION_KEY = "rbee.chat";
const DRAFT_KEY = "rbee.chat.draft";
/** How long an answer goes on that no page reads, in milliseconds: a tab that was closed says nothing. */
const UNWATCHED_LIMIT_MS = 15 * 60_000;

/** What was said in this tab. */
export const conversation = signal<Conversation>(
  readConversation(readSessionText(CONVERSATION_KEY)),
);
/** What is written and not asked yet. */
export const draft = signal(readSessionText(DRAFT_KEY) ?? "");
/** Whether the browser keeps the conversation for a reload. */
export const isKept = signal(true);
/** The turn whose answer has not ended. */
export const running = computed(() => openTurn(conversation.value));
/** The turn that is being stopped. */
export const stopping = signal<number | undefined>(undefined);
/** Why it could not be stopped. */
export const stopProblem = signal<string | undefined>(undefined);
/** The id of the running job, once the queen has taken it. */
export const watchedJob = computed(() =>
  running.value?.state === "answering" ? running.value.jobId : undefined
);
/** The recording of the running job, where it is the one that is watched. */
export const runningRecording = computed(() => {
  const jobId = watchedJob.value;
  return jobId !== undefined && watched.value?.jobId === jobId ? watched.value : undefined;
});

/**
 * Asks a question, after the one before has been answered, where nothing is in the way of it. Its job
 * goes on whatever the page shows; who shows the conversation watches it. Whatever goes wrong ends the turn,
 * so that it can be asked again.
 */
export async function askQuestion(question: string): Promise<void> {
  if (!canAsk() || question.trim() === "") return;
  const body = {
    ...inferBody(conversation.peek(), question),
    unwatched_limit_ms: UNWATCHED_LIMIT_MS,
  };
  const jobId = newJobId();
  const headers = tokenHeaders();
  batch(() => {
    conversation.value = withQuestion(conversation.peek(), { id: nextId(), jobId, question });
    stopping.value = undefined;
    stopProblem.value = undefined;
  });
  const turn = running.peek();
  if (turn === undefined) return;
  try {
    await submitJob(body, jobId);
  } catch (error) {
    const told = failureTold(error);
    const isRefused = told.code !== "unreachable";
    if (!isOpen(turn)) return;
    change(turn, { state: "failed", error: told, ...isRefused && { jobId: undefined } });
    return;
  }
  if (!isOpen(turn)) {
    // The person has begun another conversation meanwhile, and nobody will read this answer.
    await endUnread(jobId, headers);
    return;
  }
  change(turn, { state: "answering" });
  if (stopping.peek() === turn.id) await stopAnswer();
}

/** Has the running answer end. What has come of it stays. */
export async function stopAnswer(): Promise<void> {
  const turn = running.peek();
  if (turn === undefined) return;
  stopping.value = turn.id;
  stopProblem.value = undefined;
  // One that the queen has not taken yet is stopped as soon as she has.
  if (turn.jobId === undefined || turn.state === "asking") return;
  try {
    await cancelJob(turn.jobId);
  } catch (error) {
    // It has ended by itself, and its end is on the way.
    if (error instanceof ApiError && error.code === "job_already_ended") return;
    const { message } = failureTold(error);
    batch(() => {
      stopping.value = undefined;
      stopProblem.value = message;
    });
  }
}

/**
 * Asks the last question once more, in place of the answer that failed or was stopped. Where something is
 * in the way of it, a setting say, that answer stays.
 */
export async function askAgain(): Promise<void> {
  const { turns } = conversation.peek();
  const last = turns.at(-1);
  if (last === undefined || !canAsk()) return;
  // Nobody knows whether the queen has taken it. If she has, its answer is not to go on beside the other.
  if (last.error?.code === "unreachable" && last.jobId !== undefined) void endUnread(last.jobId);
  conversation.value = { ...conversation.peek(), turns: turns.slice(0, -1) };
  await askQuestion(last.question);
}

/** Begins a conversation anew, with the same model and settings. An answer that still comes is ended. */
export async function newConversation(): Promise<void> {
  const jobId = watchedJob.peek();
  const { model, settings } = conversation.peek();
  conversation.value = { ...EMPTY, model, settings };
  if (jobId !== undefined) await endUnread(jobId);
}

/*
 * Takes up the end of the running job when it is read: at once while the job is watched, which it is until
 * the page shows another one; else when the chat is shown again, which watches it.
 */
effect(() => {
  const turn = running.value;
  const recording = runningRecording.value;
  if (turn === undefined || recording === undefined) return;
  // Read so that this runs again by each of them.
  const progress = [recording.version.value, recording.missing.value];
  const end = progress.length > 0 ? endOfTurn(recording) : undefined;
  if (end !== undefined) queueMicrotask(() => isOpen(turn) && change(turn, end));
});

effect(() => {
  isKept.value = keepSessionText(CONVERSATION_KEY, writeConversation(conversation.value));
});

effect(() => {
  keepSessionText(DRAFT_KEY, draft.value);
});

let shownToken = sessionToken.peek();
effect(() => {
  const token = sessionToken.value;
  const before = shownToken;
  shownToken = token;
  if (before === undefined || before === token) return;
  // What was said with a token is not left to who shows another one, and its answer is not left running.
  queueMicrotask(() => {
    const jobId = watchedJob.peek();
    batch(() => {
      conversation.value = EMPTY;
      draft.value = "";
    });
    if (jobId !== undefined) void endUnread(jobId, { Authorization: `Bearer ${before}` });
  });
});

function change(turn: Turn, change: Partial<Turn>): void {
  conversation.value = withTurn(conversation.peek(), turn.id, change);
}

/** Has a job end whose answer nobody will read. */
async function endUnread(jobId: string, headers: Record<string, string> = {}): Promise<void> {
  await cancelJob(jobId, headers).catch((error: unknown) => {
    // Nobody waits for it any more; a queen that is not reached ends it by herself.
    if (!(error instanceof ApiError)) throw error;
  });
}

function canAsk(): boolean {
  return running.peek() === undefined && obstacleTo(conversation.peek()) === undefined;
}

/** Whether it is still the one that is waited for. */
function isOpen({ id }: Turn): boolean {
  return running.peek()?.id === id;
}

let lastId = 0;

/** Above those of a conversation that was kept, which are counted from 1; one conversation may follow another. */
function nextId(): number {
  lastId = Math.max(lastId + 1, Date.now());
  return lastId;
}

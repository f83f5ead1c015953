import type { JobRecording } from "../job_recording.ts";
import { countText, rateText } from "../quantities.ts";
import type { SaidEntry } from "../job_entry.ts";
import { tokensPerSecond } from "../tokens_per_second.ts";
import type { AnswerFigures, Turn } from "./conversation.ts";

/** How many lines of narration the chat shows; the job's page has all. */
const MAX_SAID = 200;

/** What queen, hive and worker said of a job, the oldest first: the newest lines that are not for developers. */
export function saidIn(recording: JobRecording): SaidEntry[] {
  return recording.entries.filter((entry) => entry.kind === "said" && entry.level !== "debug")
    .slice(-MAX_SAID) as SaidEntry[];
}

/** How far an open turn is, in a few words: `Loading bee-tiny: 55 %`, `Answering: 12 tokens`. */
export function openTurnText(turn: Turn, recording: JobRecording | undefined): string {
  if (turn.state === "asking") return "Sending the question";
  if (recording === undefined) return "Reading the answer";
  if (recording.tokens > 0) {
    const rate = tokensPerSecond(recording);
    const speed = rate === undefined ? "" : `, ${rateText(rate)} tokens/s`;
    return `Answering: ${countText(recording.tokens, "token")}${speed}`;
  }
  const said = saidIn(recording).at(-1);
  return said === undefined ? `Waiting for ${turn.model}` : `${said.text}${percentOf(said)}`;
}

/** What was counted of an answer that has ended. */
export function figuresOf(recording: JobRecording): AnswerFigures {
  const { end, tokens } = recording;
  const rate = tokensPerSecond(recording);
  return {
    tokens: end?.usage?.completion_tokens ?? tokens,
    ...rate !== undefined && { tokensPerSecond: rate },
    ...end?.usage !== undefined && { promptTokens: end.usage.prompt_tokens },
    ...end?.finishReason !== undefined && { finishReason: end.finishReason },
    ...recording.entries.some(({ kind }) => kind === "gap") && { hasGap: true },
  };
}

/** What a turn becomes when its job has ended, or cannot be read; undefined as long as it goes on. */
export function endOfTurn(recording: JobRecording): Partial<Turn> | undefined {
  const missing = recording.missing.peek();
  if (missing !== undefined) {
    const { code, message } = missing;
    return { state: "failed", answer: recording.answer, error: { code, message } };
  }
  const { end } = recording;
  if (end === undefined) return undefined;
  const read = { answer: recording.answer, figures: figuresOf(recording) };
  if (end.state === "done") return { ...read, state: "done" };
  if (end.state === "cancelled") return { ...read, state: "stopped" };
  const { code = "internal", message = "The job ended in an error" } = end;
  return { ...read, state: "failed", error: { code, message } };
}

/** Where the sentence does not tell it itself. */
function percentOf({ text, progress }: SaidEntry): string {
  const total = progress?.total ?? 0;
  if (progress === undefined || total <= 0 || text.includes("%")) return "";
  return `: ${Math.min(100, Math.round(progress.current / total * 100))} %`;
}

import type { Progress } from "../../contracts/narration_record.ts";
import { CopyButton } from "../copy_button.tsx";
import { useFrame } from "../use_frame.ts";
import { watched } from "../live_stream.ts";
import { Markdown } from "../markdown/markdown.tsx";
import { AnswerNarration } from "./answer_narration.tsx";
import { openTurnText, saidIn } from "./answer_state.ts";
import { stopProblem } from "./chat_session.ts";
import type { Turn } from "./conversation.ts";
import { TurnEnd } from "./turn_end.tsx";

/** A question and its answer; beside it what was said of its job, where that has been read. */
export function TurnView(
  { turn, number, isLast }: { turn: Turn; number: number; isLast: boolean },
) {
  const { jobId, question, model, state } = turn;
  const recording = isLast && jobId !== undefined && watched.value?.jobId === jobId
    ? watched.value
    : undefined;
  useFrame(recording);
  const said = recording === undefined ? [] : saidIn(recording);
  const isOpen = state === "asking" || state === "answering";
  const answer = isOpen ? recording?.answer ?? turn.answer : turn.answer;
  return (
    <article class="turn" aria-label={`Question ${number}`}>
      <h2 class="hidden-visually">Question {number}</h2>
      <p class="question" dir="auto">{question}</p>
      {recording !== undefined && <AnswerNarration said={said} jobId={recording.jobId} />}
      <div class="answer">
        <h3 class="answer-model">{model}</h3>
        {answer !== "" && <Markdown text={answer} isGrowing={isOpen} />}
        {isOpen
          ? (
            <OpenTurn
              model={model}
              text={openTurnText(turn, recording)}
              progress={recording?.tokens === 0 ? said.at(-1)?.progress : undefined}
            />
          )
          : <TurnEnd turn={turn} isLast={isLast} />}
        {answer !== "" && <CopyButton text={() => answer} what={`answer ${number}`} />}
      </div>
    </article>
  );
}

interface OpenTurnProps {
  model: string;
  text: string;
  progress: Progress | undefined;
}

// What a recording holds is given to it as it is now: one that is given the same recording stays as it was.
function OpenTurn({ model, text, progress }: OpenTurnProps) {
  const total = progress?.total ?? 0;
  return (
    <div class="turn-state">
      <p class="muted">{text}</p>
      {progress !== undefined && total > 0 && (
        <progress
          max={total}
          value={Math.min(progress.current, total)}
          aria-label={`How far ${model} is`}
        />
      )}
      {stopProblem.value !== undefined && (
        <p class="failure" role="alert">It is not stopped: {stopProblem.value}</p>
      )}
    </div>
  );
}

import { countText, rateText } from "../quantities.ts";
import { askAgain, conversation, running } from "./chat_session.ts";
import { isTold, obstacleTo, type Turn } from "./conversation.ts";
import { openNewConversation } from "./new_conversation.tsx";

/** How an answer ended, what was counted of it, and what can be done where there is none. */
export function TurnEnd({ turn, isLast }: { turn: Turn; isLast: boolean }) {
  const { state, figures, jobId, error } = turn;
  // Of a question whose submit had no answer it is not known whether there is a job.
  const isTaken = jobId !== undefined && error?.code !== "unreachable";
  const isAskedAgain = isLast && running.value === undefined && state !== "done";
  return (
    <div class="turn-end">
      {state === "failed" && <p class="failure">{error?.message}</p>}
      {state === "stopped" && <p class="stopped">Stopped. What had come of the answer stays.</p>}
      {state === "failed" && error?.code === "context_length_exceeded" && <TooLong turn={turn} />}
      {figures?.finishReason === "length" && (
        <p class="muted">
          The answer has reached its limit of tokens; a higher one can be set in the settings.
        </p>
      )}
      {figures?.hasGap === true && (
        <p class="muted">
          Not all of the answer was kept to be read later; some of it may be missing.
        </p>
      )}
      <p class="figures muted">
        {figuresText(turn)}
        {isTaken && <a href={`/jobs/${jobId}`}>Its job</a>}
      </p>
      {!isTold(turn) && !isLast && (
        <p class="hint">The model is not told of this question in those that follow.</p>
      )}
      {isAskedAgain && (
        <button
          type="button"
          aria-disabled={obstacleTo(conversation.value) !== undefined}
          aria-describedby="chat-question-hint"
          onClick={askAgain}
        >
          Ask again
        </button>
      )}
    </div>
  );
}

function TooLong({ turn }: { turn: Turn }) {
  if (!conversation.value.turns.some(isTold)) {
    return (
      <p>
        The question alone is longer than what the model can hold at once, with the instruction
        before it.
      </p>
    );
  }
  return (
    <>
      <p>The conversation has become longer than what the model can hold at once.</p>
      <button
        type="button"
        class="primary"
        onClick={() => openNewConversation(turn.question)}
      >
        New conversation with this question
      </button>
    </>
  );
}

function figuresText({ figures }: Turn): string {
  if (figures === undefined || figures.tokens === 0) return "";
  const { tokens, tokensPerSecond } = figures;
  const speed = tokensPerSecond === undefined ? "" : `, ${rateText(tokensPerSecond)} tokens/s`;
  return `${countText(tokens, "token")}${speed}. `;
}

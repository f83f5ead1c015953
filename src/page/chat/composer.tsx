import type { TargetedKeyboardEvent } from "preact";
import { askQuestion, conversation, draft, running, stopAnswer, stopping } from "./chat_session.ts";
import { obstacleTo } from "./conversation.ts";

/** Where a question is written and sent, and its answer stopped. */
export function Composer({ onAsk }: { onAsk: () => void }) {
  const open = running.value;
  const isStopping = open !== undefined && stopping.value === open.id;
  const obstacle = obstacleTo(conversation.value);
  const canAsk = open === undefined && obstacle === undefined && draft.value.trim() !== "";
  const ask = () => {
    if (!canAsk) return;
    const question = draft.peek().trim();
    draft.value = "";
    askQuestion(question);
    onAsk();
  };
  const keyDown = (event: TargetedKeyboardEvent<HTMLTextAreaElement>) => {
    // While an input method composes a character, Enter takes it up.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    ask();
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        ask();
      }}
    >
      <label for="chat-question">Question</label>
      <textarea
        id="chat-question"
        rows={2}
        value={draft.value}
        aria-describedby="chat-question-hint"
        onInput={(event) => draft.value = event.currentTarget.value}
        onKeyDown={keyDown}
      />
      <div class="buttons">
        <p id="chat-question-hint" class={obstacle === undefined ? "hint keys" : "hint"}>
          {obstacle ?? "Enter sends, Shift and Enter begin a new line."}
        </p>
        <button
          type="button"
          class="danger"
          aria-disabled={open === undefined || isStopping}
          onClick={stopAnswer}
        >
          {isStopping ? "Stopping" : "Stop"}
        </button>
        <button type="submit" class="primary" aria-disabled={!canAsk}>Send</button>
      </div>
    </form>
  );
}

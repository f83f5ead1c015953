import { ChatSettingsFields } from "./chat_settings.tsx";
import { conversation } from "./chat_session.ts";
import { ModelChoice } from "./model_choice.tsx";
import { openNewConversation } from "./new_conversation.tsx";

/** Which model is asked, and how; and the way to begin anew. */
export function ChatHead() {
  const isEmpty = conversation.value.turns.length === 0;
  return (
    <section class="chat-head panel" aria-label="What is asked, and how">
      <ModelChoice />
      <button type="button" disabled={isEmpty} onClick={() => openNewConversation()}>
        New conversation
      </button>
      <ChatSettingsFields />
    </section>
  );
}

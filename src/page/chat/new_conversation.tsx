import { ActionForm } from "../actions/action_form.tsx";
import { showDialog } from "../actions/open_dialog.ts";
import { draft, newConversation, running } from "./chat_session.ts";

/**
 * Opens the dialog that begins the conversation anew, since what was said is lost by it.
 *
 * @param question Stands in the composer then. Default: what is written there stays.
 */
export function openNewConversation(question?: string): void {
  const content = <NewConversationForm question={question} />;
  showDialog({ title: "Begin a new conversation", content });
}

function NewConversationForm({ question }: { question: string | undefined }) {
  return (
    <ActionForm
      verb="Begin a new one"
      refusal="Keep this one"
      isDestructive
      act={() => {
        if (question !== undefined) draft.value = question;
        void newConversation();
        return Promise.resolve(undefined);
      }}
    >
      <p>
        What was asked and answered here goes from this page. Model and settings stay, and so do the
        jobs of the answers in the list of jobs.
      </p>
      <p role="status">
        {running.value !== undefined && "The answer that is still coming is stopped."}
      </p>
    </ActionForm>
  );
}

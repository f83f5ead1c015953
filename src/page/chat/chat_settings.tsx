import { conversation } from "./chat_session.ts";
import { type ChatSettings, settingsProblem } from "./conversation.ts";

/** The fields behind "Settings". They hold for the questions that are asked from now on. */
export function ChatSettingsFields() {
  const { settings } = conversation.value;
  const { system, temperature, maxTokens } = settings;
  const problem = settingsProblem(settings);
  const set = (change: Partial<ChatSettings>) => {
    const now = conversation.peek();
    conversation.value = { ...now, settings: { ...now.settings, ...change } };
  };
  return (
    <details class="chat-settings">
      <summary>Settings</summary>
      <div class="field wide">
        <label for="chat-system">Instruction before everything (system prompt)</label>
        <textarea
          id="chat-system"
          rows={2}
          value={system}
          onInput={(event) => set({ system: event.currentTarget.value })}
        />
      </div>
      <NumberField
        id="chat-temperature"
        label="Temperature, 0 to 2"
        whenEmpty="0.7"
        value={temperature}
        isWrong={problem !== undefined}
        onInput={(text) => set({ temperature: text })}
      />
      <NumberField
        id="chat-max-tokens"
        label="Longest answer, in tokens"
        whenEmpty="512"
        value={maxTokens}
        isWrong={problem !== undefined}
        onInput={(text) => set({ maxTokens: text })}
      />
      <p id="chat-settings-problem" class="failure" role="status">{problem}</p>
    </details>
  );
}

/** A number as it is typed, and what holds while it is empty. */
function NumberField({ id, label, whenEmpty, value, isWrong, onInput }: {
  id: string;
  label: string;
  whenEmpty: string;
  value: string;
  isWrong: boolean;
  onInput: (text: string) => void;
}) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        inputMode="decimal"
        placeholder={whenEmpty}
        autocomplete="off"
        value={value}
        aria-invalid={isWrong}
        aria-describedby="chat-settings-problem"
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </div>
  );
}

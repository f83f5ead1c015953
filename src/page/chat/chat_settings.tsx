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
      <div class="field">
        <label for="chat-temperature">Temperature, 0 to 2</label>
        <input
          id="chat-temperature"
          inputMode="decimal"
          placeholder="0.7"
          autocomplete="off"
          value={temperature}
          aria-invalid={problem !== undefined}
          aria-describedby="chat-settings-problem"
          onInput={(event) => set({ temperature: event.currentTarget.value })}
        />
      </div>
      <div class="field">
        <label for="chat-max-tokens">Longest answer, in tokens</label>
        <input
          id="chat-max-tokens"
          inputMode="numeric"
          placeholder="512"
          autocomplete="off"
          value={maxTokens}
          aria-invalid={problem !== undefined}
          aria-describedby="chat-settings-problem"
          onInput={(event) => set({ maxTokens: event.currentTarget.value })}
        />
      </div>
      <p id="chat-settings-problem" class="failure" role="status">{problem}</p>
    </details>
  );
}

import { useEffect, useState } from "preact/hooks";
import { modelNames } from "../api.ts";
import { connection, workers } from "../cluster.ts";
import { failureTold } from "../failure_told.ts";
import { sessionToken } from "../session_token.ts";
import { conversation } from "./chat_session.ts";

/** Stands for a model that is not in the list; no model has such a name. */
const OTHER = " ";

/** The field that chooses which model is asked: those that are loaded first. */
export function ModelChoice() {
  const [names, setNames] = useState<readonly string[]>([]);
  const [problem, setProblem] = useState<string>();
  const [isOther, setOther] = useState(false);
  const { model } = conversation.value;
  const token = sessionToken.value;
  const read = () => {
    modelNames().then((known) => {
      setNames(known);
      setProblem(undefined);
      if (conversation.peek().model === "") choose(known.find(isLoaded) ?? known[0] ?? "");
    }).catch((error: unknown) => setProblem(failureTold(error).message));
  };
  const isLive = connection.value.kind === "live";
  useEffect(() => {
    // What was not reached is asked again when the page is connected again.
    if (isLive) read();
  }, [token, isLive]);
  const listed = model === "" || names.includes(model) ? names : [...names, model];
  const loaded = listed.filter(isLoaded);
  const others = listed.filter((name) => !isLoaded(name));
  return (
    <div class="field model-choice">
      <label for="chat-model">Model</label>
      <select
        id="chat-model"
        value={isOther ? OTHER : model}
        onFocus={read}
        onChange={({ currentTarget: { value } }) => {
          setOther(value === OTHER);
          if (value !== OTHER) choose(value);
        }}
      >
        {model === "" && !isOther && <option value="">Choose a model</option>}
        {loaded.length > 0 && (
          <optgroup label="Loaded now">
            {loaded.map((name) => <option key={name} value={name}>{name}</option>)}
          </optgroup>
        )}
        {others.length > 0 && (
          <optgroup label="Loaded when asked">
            {others.map((name) => <option key={name} value={name}>{name}</option>)}
          </optgroup>
        )}
        <option value={OTHER}>Another one</option>
      </select>
      {isOther && (
        <input
          aria-label="Name of the model"
          placeholder="hf:org/repo"
          value={model}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          onInput={(event) => choose(event.currentTarget.value.trim())}
        />
      )}
      {problem !== undefined && <p class="failure" role="status">{problem}</p>}
    </div>
  );
}

function choose(model: string): void {
  conversation.value = { ...conversation.peek(), model };
}

function isLoaded(name: string): boolean {
  return workers.value.some(({ model, stored_as, state }) =>
    state === "ready" && (model === name || stored_as === name)
  );
}

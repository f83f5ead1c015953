import { useEffect, useState } from "preact/hooks";
import { ApiError, modelNames } from "../api.ts";
import { connection } from "../cluster.ts";

/** The field for a model's name, which offers those that are known. */
export function ModelField({ model, hint }: { model: string | undefined; hint: string }) {
  const names = useModelNames();
  return (
    <div class="field">
      <label for="action-model">Model</label>
      <input
        id="action-model"
        name="model"
        list="action-models"
        defaultValue={model ?? ""}
        required
        autofocus
        autocomplete="off"
        spellcheck={false}
        autocapitalize="off"
        aria-describedby="action-model-hint"
      />
      <datalist id="action-models">
        {names.map((name) => <option key={name} value={name} />)}
      </datalist>
      <p id="action-model-hint" class="hint">{hint}</p>
    </div>
  );
}

/** The models that can be asked; none until the queen has said them, or where she does not. */
function useModelNames(): readonly string[] {
  const [names, setNames] = useState<readonly string[]>([]);
  const isLive = connection.value.kind === "live";
  useEffect(() => {
    if (!isLive) return undefined;
    let isShown = true;
    modelNames().then((known) => isShown && setNames(known)).catch((error: unknown) => {
      // A name can be typed without them, and what is wrong is said when it is sent.
      if (!(error instanceof ApiError)) throw error;
    });
    return () => {
      isShown = false;
    };
  }, [isLive]);
  return names;
}

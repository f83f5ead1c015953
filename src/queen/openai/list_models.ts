import type { OpenAiModel } from "../../contracts/openai_models.ts";
import type { Hives } from "../hives.ts";

/** Where the names of models come from. */
export interface ModelSources {
  hives: Pick<Hives, "ask">;
  /** Those that rbee.yaml names. */
  configured(): readonly string[];
}

const DEMO_MODEL = "bee-tiny";
const LOADED = new Set(["starting", "loading", "ready"]);
// The names say nothing of their own age, and clients sort by it.
const sinceSeconds = Math.floor(Date.now() / 1000);

/**
 * The models that can be named now, each once: those that workers have loaded or are loading, then
 * those on the disks of the hives that are connected, then those of rbee.yaml, then the demo model.
 * Others can be asked for all the same.
 */
export async function listModels({ hives, configured }: ModelSources): Promise<OpenAiModel[]> {
  const known = await hives.ask();
  const loaded = known.flatMap(({ workers }) =>
    workers.filter(({ state }) => LOADED.has(state)).map(({ model }) => model)
  );
  const stored = known.flatMap(({ models }) => models.map(({ name }) => name));
  return [...new Set([...loaded, ...stored, ...configured(), DEMO_MODEL])].map((id) => ({
    id,
    object: "model",
    created: sinceSeconds,
    owned_by: "rbee",
  }));
}

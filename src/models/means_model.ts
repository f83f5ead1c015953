import { RbeeError } from "../base/rbee_error.ts";
import type { StoredModel } from "../contracts/model.ts";
import { chooseFiles } from "./choose_files.ts";
import { parseModelRef } from "./model_ref.ts";

/**
 * Whether a name that a person gives means a stored model: by its whole name, or as that of a
 * repository of a hub, with or without a quantisation.
 */
export function meansModel(asked: string, model: Pick<StoredModel, "name">): boolean {
  if (asked === model.name) return true;
  if (!asked.startsWith("hf:") || !model.name.startsWith("hf:")) return false;
  try {
    const [wanted, stored] = [parseModelRef(asked), parseModelRef(model.name)];
    if (wanted.kind !== "hub" || stored.kind !== "hub" || wanted.repo !== stored.repo) return false;
    const file = stored.pick !== undefined && "file" in stored.pick ? stored.pick.file : "";
    if (wanted.pick === undefined) return true;
    if ("file" in wanted.pick) return wanted.pick.file.toLowerCase() === file.toLowerCase();
    // Of a split model the first file alone is named; whether the others are there is of no matter.
    return chooseFiles("", [file.replace(/-\d{5}-of-\d{5}(?=\.gguf$)/i, "")], wanted.pick)
      .length > 0;
  } catch (error) {
    if (error instanceof RbeeError) return false;
    throw error;
  }
}

/**
 * The stored model that a name means, by its whole name; undefined where it means none, or several of
 * which only who loads it chooses one.
 */
export function storedNameOf(
  asked: string,
  stored: readonly Pick<StoredModel, "name">[],
): string | undefined {
  const meant = new Set(
    stored.filter((model) => meansModel(asked, model)).map(({ name }) => name),
  );
  if (meant.has(asked)) return asked;
  const [only, ...others] = meant;
  return others.length === 0 ? only : undefined;
}

/** What a worker has loaded. */
export interface LoadedModel {
  /** The name that it was started with. */
  model: string;
  /** What the store calls the file that it was given; undefined where that is not known. */
  storedAs?: string | undefined;
}

/**
 * Whether a worker has the model that a name means: started with that name, or with another that means
 * the same file, as far as that is certain.
 *
 * @param stored The models on the disk of the worker's machine.
 */
export function hasModel(
  { model, storedAs }: LoadedModel,
  asked: string,
  stored: readonly Pick<StoredModel, "name">[],
): boolean {
  if (model === asked || storedAs === asked) return true;
  const meant = storedNameOf(asked, stored);
  return meant !== undefined && meant === (storedAs ?? storedNameOf(model, stored));
}

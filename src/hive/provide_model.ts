import { findModelFile, type ModelFile } from "../models/model_file.ts";
import { checkModelName } from "./model_name.ts";

/** The file of a model, as a worker gets it. */
export interface ProvidedModel extends ModelFile {
  /** What the store calls it. Undefined where no store keeps it. */
  storedName?: string | undefined;
}

/**
 * Gives the file of a model, fetched first where it is not there.
 *
 * @throws {RbeeError} Why it cannot be had.
 * @throws {unknown} If `signal` aborts: its reason.
 */
export type ProvideModel = (model: string, signal: AbortSignal) => Promise<ProvidedModel>;

/**
 * The file of the demo model, or the one at a path: what is there without a store.
 *
 * @throws {RbeeError} `model_not_found` or `not_gguf`.
 */
export async function provideLocalModel(model: string): Promise<ModelFile> {
  await checkModelName(model);
  return await findModelFile(model);
}

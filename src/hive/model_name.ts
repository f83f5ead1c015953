import { RbeeError } from "../base/rbee_error.ts";
import { DEMO_MODEL } from "../models/model_file.ts";
import { unknownModel } from "../models/model_ref.ts";

/**
 * Checks that a model can be had on this machine, before a process is started for it: `bee-tiny`, or
 * the path of a file.
 *
 * @throws {RbeeError} `model_not_found` If it cannot.
 */
export async function checkModelName(model: string): Promise<void> {
  if (model === DEMO_MODEL) return;
  if (!model.includes("/") || /^(hf:|https?:)/.test(model)) {
    throw unknownModel(model);
  }
  if (!model.startsWith("/")) {
    throw new RbeeError(
      "model_not_found",
      `The path "${model}" is not absolute, and the hive does not know your folder; give the whole path`,
    );
  }
  const found = await Deno.stat(model).catch(() => undefined);
  if (found?.isFile) return;
  throw new RbeeError(
    "model_not_found",
    `Cannot find the model file "${model}" on the hive's machine; check the path, or try ${DEMO_MODEL}`,
  );
}

import { RbeeError } from "../base/rbee_error.ts";

const BUILT_IN = "bee-tiny";

/**
 * Checks that a model can be had on this machine, before a process is started for it: `bee-tiny`, or
 * the path of a file.
 *
 * @throws {RbeeError} `model_not_found` If it cannot.
 */
export async function checkModelName(model: string): Promise<void> {
  if (model === BUILT_IN) return;
  if (!model.includes("/") || /^(hf:|https?:)/.test(model)) {
    throw new RbeeError(
      "model_not_found",
      `Cannot find the model "${model}"; name ${BUILT_IN} or the path of a GGUF file on the hive's machine`,
    );
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
    `Cannot find the model file "${model}" on the hive's machine; check the path, or try ${BUILT_IN}`,
  );
}

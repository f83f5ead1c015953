import { RbeeError } from "../base/rbee_error.ts";
import { type ModelRef, parseModelRef } from "../models/model_ref.ts";

/**
 * Whether a model's name leads to a file of a hive's disk, or by an address without encryption to what
 * only her machine may reach: with such names one could learn what is there.
 */
export function isLocalName(model: string): boolean {
  let ref: ModelRef;
  try {
    ref = parseModelRef(model, { allowHttp: true });
  } catch (error) {
    // What is no name of a model is refused in its own words, to everybody.
    if (error instanceof RbeeError) return false;
    throw error;
  }
  return ref.kind === "path" || ref.kind === "url" && ref.url.protocol === "http:";
}

/**
 * Refuses names of models that tokens of the role `infer` may not give.
 *
 * @throws {RbeeError} `forbidden` If it is a path, or an address without encryption.
 */
export function permitInfer({ model }: { model: string }): void {
  if (!isLocalName(model)) return;
  throw new RbeeError(
    "forbidden",
    "A token of the role infer may not name a path or an http address as a model; name one that GET /v1/models lists, hf:org/repo or an https address",
    { details: { field: "model" } },
  );
}

import { RbeeError } from "../base/rbee_error.ts";

/** The engine inside rbee. */
const OWN_ENGINE = "llama";

/** @throws {RbeeError} `engine_not_found` If there is no engine of that name. */
export function checkEngine(engine: string): void {
  if (engine === OWN_ENGINE) return;
  throw new RbeeError("engine_not_found", `There is no engine "${engine}"; known: ${OWN_ENGINE}`);
}

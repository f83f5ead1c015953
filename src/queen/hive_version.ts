import { RbeeError } from "../base/rbee_error.ts";
import { VERSION } from "../version.ts";

/** @throws {RbeeError} `version_mismatch` If the major or minor version is another. */
export function checkVersion(version: string): void {
  const own = VERSION.split(".", 2).join(".");
  if (version.split(".", 2).join(".") === own) return;
  throw new RbeeError(
    "version_mismatch",
    `it has version ${version} and the queen ${VERSION}`,
  );
}

import { RbeeError } from "../base/rbee_error.ts";
import { isTokenUsed } from "../http/bearer_tokens.ts";
import type { Settings } from "./settings.ts";

/**
 * The error of a command as its person can mend it: where the token that was refused came from
 * `--token-file` or RBEE_TOKEN, which may be set for another queen, it says so. Any other is as it was.
 */
export function namingToken(
  error: RbeeError,
  settings: Pick<Settings, "token" | "tokenFile"> | undefined,
): RbeeError {
  const { token, tokenFile } = settings ?? {};
  if (error.code !== "unauthorized" || token === undefined || !isTokenUsed(token)) return error;
  const sentence = tokenFile === undefined
    ? "The queen does not know the token of RBEE_TOKEN, or not any more; unset RBEE_TOKEN, or set it to one"
    : `The queen does not know the token in ${tokenFile}, or not any more; leave --token-file (or RBEE_TOKEN_FILE) out, or give it one`;
  return new RbeeError(
    error.code,
    `${sentence} that rbee token create has made on her machine`,
    { details: error.details, cause: error },
  );
}

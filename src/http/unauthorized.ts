import { RbeeError } from "../base/rbee_error.ts";

/**
 * The refusal of who may not ask.
 *
 * @param isShown Whether the request shows a token: one that is not known, or not any more.
 */
export function unauthorized(isShown: boolean): RbeeError {
  const what = isShown
    ? "The token that the request shows is not one that is known here, or not any more"
    : "This needs a token, which the request does not show";
  return new RbeeError(
    "unauthorized",
    `${what}; make one on its machine with rbee token create, and give it to rbee by --token-file or RBEE_TOKEN, to other programs as their API key`,
  );
}

import type { Context } from "hono";
import type { AccessRole } from "../contracts/access_token.ts";

/** Who sends a request, as far as its token tells. */
export interface Caller {
  role: AccessRole;
  /** The id of the token that is shown; undefined: the person of this machine, or a queen by the token of her hive. */
  tokenId?: string;
  /** What that token is called. */
  tokenName?: string;
  /** Whether that token is still known. Absent where there is no such token. */
  isKnown?(): boolean;
  /**
   * Has `listener` called once when that token is known no more. What it returns takes that back, and is
   * to be called at the end of what was listened for. Absent where there is no such token.
   */
  onRevoked?(listener: () => void): () => void;
}

declare module "hono" {
  interface ContextVariableMap {
    caller: Caller;
  }
}

/** Who may do everything, and needs no name. */
export const LOCAL_PERSON: Caller = { role: "admin" };

/** Who sends the request. Where a role asks nobody for a token, it is the person of this machine. */
export function callerOf(c: Context): Caller {
  return c.get("caller") ?? LOCAL_PERSON;
}

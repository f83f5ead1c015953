import type { Access } from "../../src/http/access.ts";

/** The tokens of a test by who holds them, each an id that tells the holder. */
export const HELD = {
  boss: { token: "rbee_boss", id: "token-boss", role: "admin" as const },
  ann: { token: "rbee_ann", id: "token-ann", role: "infer" as const },
  ben: { token: "rbee_ben", id: "token-ben", role: "infer" as const },
};
export type Holder = keyof typeof HELD;

/** A role that asks everybody for a token, and knows those of the holders and its own, `own`. */
export const HELD_ACCESS: Access = {
  required: true,
  token: "own",
  tokens: { find: (shown) => Object.values(HELD).find(({ token }) => token === shown) },
};

/** The header by which somebody shows a token. */
export function shows(holder: Holder | "own"): { Authorization: string } {
  return { Authorization: `Bearer ${holder === "own" ? holder : HELD[holder].token}` };
}

/** Sends JSON, or nothing, with the token of a holder. */
export function send(
  url: string,
  holder: Holder | "own",
  method: string,
  body?: unknown,
): Promise<Response> {
  return fetch(url, {
    method,
    headers: { ...shows(holder), "Content-Type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

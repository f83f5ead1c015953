import { signal } from "@preact/signals";
import { keepSessionText, readSessionText } from "./session_text.ts";

const KEY = "rbee.token";
// What a header can hold, without spaces: fetch throws for other characters as if nobody were reached.
const SENDABLE = /^[\x21-\x7e]+$/;

/** The token that requests of this page show; undefined: none. */
export const sessionToken = signal<string | undefined>(readToken());

/** Whether the browser keeps it for reloads of this tab. */
export const isTokenKept = signal(true);

/**
 * The token in what a person typed or copied: without what is around it, and without `Bearer`. Undefined
 * where it has characters that no token has, such as the quotes of a text or a space that is not seen.
 */
export function tokenIn(typed: string): string | undefined {
  const token = typed.trim().replace(/^Bearer\s+/i, "");
  return SENDABLE.test(token) ? token : undefined;
}

/** Shows another token from the next request on, or none, and keeps it for reloads of this tab. */
export function useToken(token: string | undefined): void {
  // A browser may forbid pages to keep anything: then the token lasts until the next reload.
  isTokenKept.value = keepSessionText(KEY, token ?? null);
  sessionToken.value = token;
}

/** The headers by which a request tells who sends it. */
export function tokenHeaders(): Record<string, string> {
  const token = sessionToken.value;
  return token === undefined ? {} : { Authorization: `Bearer ${token}` };
}

function readToken(): string | undefined {
  return tokenIn(readSessionText(KEY) ?? "");
}

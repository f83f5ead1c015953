import { unlessAborted } from "../base/delay.ts";
import { RbeeError } from "../base/rbee_error.ts";

const MAX_CHARACTERS = 4096;
// With a line end of two characters, and one more to see that it is too long.
const MAX_BYTES = MAX_CHARACTERS + 3;
const TOKEN_LINE = /^([\x21-\x7e]{1,4096})\r?(?:\n|$)/;

/** Where the line comes from: standard input. */
export interface TokenInput {
  read(buffer: Uint8Array): Promise<number | null>;
}

/**
 * Reads a token: the first line of `input`, which need not end after it.
 *
 * @throws {RbeeError} `usage` If it is not 1 to 4,096 visible characters of ASCII.
 * @throws {unknown} If `signal` aborts while it is waited for: its reason.
 */
export async function readTokenLine(
  input: TokenInput,
  options: { signal: AbortSignal },
): Promise<string> {
  const buffer = new Uint8Array(MAX_BYTES);
  let length = 0;
  while (length < MAX_BYTES && !buffer.subarray(0, length).includes(0x0a)) {
    const count = await unlessAborted(input.read(buffer.subarray(length)), options.signal);
    if (count === null) break;
    length += count;
  }
  // What it holds is shown nowhere: it is a secret.
  const [, token] = TOKEN_LINE.exec(new TextDecoder().decode(buffer.subarray(0, length))) ?? [];
  if (token !== undefined) return token;
  throw new RbeeError(
    "usage",
    "--token-stdin needs a token on standard input: one line of 1 to 4,096 visible ASCII characters",
  );
}

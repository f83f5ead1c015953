import { dirname } from "node:path";
import { RbeeError } from "../base/rbee_error.ts";
import { ensureFolder } from "./paths.ts";

const TOKEN = /^[\x21-\x7e]{1,4096}$/;

/** Whether a text can be a token: 1 to 4,096 visible characters of ASCII. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** A new token: 256 random bits as 43 letters, digits, dashes and underscores. */
export function newToken(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toBase64({
    alphabet: "base64url",
    omitPadding: true,
  });
}

/**
 * What a token file holds, without white space around it; undefined when there is none.
 *
 * @throws {RbeeError} `bad_token` If it cannot be read, or holds something else: who cannot read what
 * protects a role must not leave it open.
 */
export async function readTokenFile(path: string): Promise<string | undefined> {
  let token: string;
  try {
    token = (await Deno.readTextFile(path)).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new RbeeError("bad_token", `Cannot read the token in ${path}: ${String(error)}`);
  }
  if (TOKEN.test(token)) return token;
  throw new RbeeError("bad_token", `${path} holds no token; remove it, or write one line into it`);
}

/**
 * Writes a token file that its owner alone can read, never half of it.
 *
 * @throws {RbeeError} `bad_token` If it is not 1 to 4,096 visible characters of ASCII.
 */
export async function writeTokenFile(path: string, token: string): Promise<void> {
  if (!TOKEN.test(token)) {
    throw new RbeeError("bad_token", "A token is one line of 1 to 4,096 visible ASCII characters");
  }
  await ensureFolder(dirname(path));
  const temporary = `${path}.${crypto.randomUUID()}`;
  await Deno.writeTextFile(temporary, token + "\n", { mode: 0o600, createNew: true });
  await Deno.rename(temporary, path);
}

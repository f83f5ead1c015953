import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { messageOf, RbeeError } from "../base/rbee_error.ts";
import { cannotWrite } from "../base/file_error.ts";
import { timestamp } from "../base/timestamp.ts";
import {
  type AccessRole,
  type AccessToken,
  accessTokenNameSchema,
  accessTokenSchema,
  type KeptToken,
  keptTokensSchema,
  TOKEN_PREFIX,
} from "../contracts/access_token.ts";
import { accessTokensFile, ensureFolder, type Paths } from "./paths.ts";
import { newToken } from "./token_file.ts";

/**
 * What is kept of a token. A plain hash is enough, and costs a request nothing: a token is 256 random
 * bits, which nobody finds by trying, as one would a password that needs scrypt.
 */
export function tokenSum(token: string): Uint8Array {
  return createHash("sha256").update(token).digest();
}

/**
 * Makes a token and keeps its hash. What it returns is the only time that the token itself is there.
 *
 * @param options.name Default: the name of its role, with a number behind it where there is one.
 * @throws {RbeeError} `usage` If the name is none; `token_exists` If there is one of that name;
 * `bad_token` If the file of the tokens is damaged; `cannot_write`.
 */
export async function createAccessToken(
  paths: Pick<Paths, "state">,
  options: { role: AccessRole; name?: string | undefined },
): Promise<{ token: string; kept: AccessToken }> {
  const { role } = options;
  const token = TOKEN_PREFIX + newToken();
  const kept = await edit(paths, (tokens) => {
    const name = options.name ?? freeName(role, tokens);
    const parsed = accessTokenNameSchema.safeParse(name);
    if (!parsed.success) {
      throw new RbeeError("usage", `The name "${name}" ${parsed.error.issues[0]!.message}`);
    }
    if (tokens.some((each) => each.name === name)) {
      throw new RbeeError(
        "token_exists",
        `There is a token "${name}" already; first rbee token revoke ${name}, or choose another --name`,
      );
    }
    const id = `token-${crypto.getRandomValues(new Uint8Array(8)).toHex()}`;
    const made = { id, name, role, created_at: timestamp(), sha256: tokenSum(token).toHex() };
    tokens.push(made);
    return made;
  });
  return { token, kept: accessTokenSchema.parse(kept) };
}

/**
 * Forgets a token, by its name or its id. A role that runs refuses it from its next request on.
 *
 * @throws {RbeeError} `token_not_found` If there is none; `bad_token`, `cannot_write`.
 */
export async function revokeAccessToken(
  paths: Pick<Paths, "state">,
  nameOrId: string,
): Promise<AccessToken> {
  const gone = await edit(paths, (tokens) => {
    const at = tokens.findIndex(({ id, name }) => id === nameOrId || name === nameOrId);
    if (at >= 0) return tokens.splice(at, 1)[0]!;
    throw new RbeeError(
      "token_not_found",
      `There is no token "${nameOrId}"; see rbee token list`,
    );
  });
  return accessTokenSchema.parse(gone);
}

/**
 * The tokens that are kept, oldest first; none when there is no file.
 *
 * @throws {RbeeError} `bad_token` If the file cannot be read or is damaged: who cannot read what
 * protects a role must not leave it open.
 */
export function readKeptTokens(path: string): KeptToken[] {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw new RbeeError("bad_token", `Cannot read the tokens in ${path}: ${messageOf(error)}`);
  }
  try {
    return keptTokensSchema.parse(JSON.parse(text)).tokens;
  } catch {
    throw new RbeeError(
      "bad_token",
      `${path} is damaged; remove it, and make tokens anew with rbee token create`,
    );
  }
}

/** Writes a file that its owner alone can read, never half of it. */
export async function replaceOwnFile(path: string, value: unknown): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}`;
  try {
    await ensureFolder(dirname(path));
    const text = JSON.stringify(value, null, 2) + "\n";
    await Deno.writeTextFile(temporary, text, { mode: 0o600, createNew: true });
    await Deno.rename(temporary, path);
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

/** Of several processes one at a time reads the file and writes it. */
async function edit<T>(
  paths: Pick<Paths, "state">,
  change: (tokens: KeptToken[]) => T,
): Promise<T> {
  await ensureFolder(paths.state);
  const options = { create: true, write: true, mode: 0o600 };
  using lock = await Deno.open(join(paths.state, "tokens.lock"), options);
  await lock.lock(true);
  const path = accessTokensFile(paths);
  const tokens = readKeptTokens(path);
  const result = change(tokens);
  await replaceOwnFile(path, { tokens });
  return result;
}

function freeName(role: AccessRole, tokens: readonly KeptToken[]): string {
  const taken = new Set(tokens.map(({ name }) => name));
  for (let at = 1;; at++) {
    const name = at === 1 ? role : `${role}-${at}`;
    if (!taken.has(name)) return name;
  }
}

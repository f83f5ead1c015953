import { messageOf } from "../base/rbee_error.ts";
import { type TokenUses, tokenUsesSchema } from "../contracts/access_token.ts";
import { narrate } from "../narration/narrate.ts";
import { replaceOwnFile } from "./access_token_file.ts";
import { type Paths, tokenUsesFile } from "./paths.ts";

const HOUR_MS = 3_600_000;

/**
 * When tokens were used last, to the hour, so that a file is written once an hour and not with every
 * request. Apart from the tokens themselves: a role that runs never writes what the command writes.
 */
export class TokenUseFile {
  readonly #path: string;
  readonly #uses: TokenUses;
  /** The hours since 1970 in which they were used last by this process: a number is cheap to compare. */
  readonly #hours = new Map<string, number>();
  #writing: Promise<void> = Promise.resolve();

  constructor(paths: Pick<Paths, "state">, role: "queen" | "hive") {
    this.#path = tokenUsesFile(paths, role);
    this.#uses = readTokenUses(this.#path);
  }

  /** Notes that a token was used now. Never throws; what cannot be written is narrated. */
  note(id: string): void {
    const hour = Math.floor(Date.now() / HOUR_MS);
    if (this.#hours.get(id) === hour) return;
    this.#hours.set(id, hour);
    const at = new Date(hour * HOUR_MS).toISOString();
    if (this.#uses[id] === at) return;
    this.#uses[id] = at;
    this.#writing = this.#writing.then(() => replaceOwnFile(this.#path, this.#uses)).catch(
      (error: unknown) => narrate("token_use", messageOf(error), { level: "warn" }),
    );
  }

  /** Resolves when what was noted is written. */
  async flush(): Promise<void> {
    await this.#writing;
  }
}

/** When tokens were used last, by their ids; nothing where it is not known. */
export function readTokenUses(path: string): TokenUses {
  try {
    return tokenUsesSchema.parse(JSON.parse(Deno.readTextFileSync(path)));
  } catch {
    // Nothing depends on it, and the next use writes it anew.
    return {};
  }
}

/** When tokens were used last by any role of this home. */
export function lastUses(paths: Pick<Paths, "state">): TokenUses {
  const uses = readTokenUses(tokenUsesFile(paths, "queen"));
  for (const [id, at] of Object.entries(readTokenUses(tokenUsesFile(paths, "hive")))) {
    if (uses[id] === undefined || uses[id] < at) uses[id] = at;
  }
  return uses;
}

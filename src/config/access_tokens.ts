import { timingSafeEqual } from "node:crypto";
import { messageOf } from "../base/rbee_error.ts";
import type { AccessToken } from "../contracts/access_token.ts";
import { narrate } from "../narration/narrate.ts";
import { readKeptTokens, tokenSum } from "./access_token_file.ts";
import { accessTokensFile, type Paths } from "./paths.ts";
import { TokenUseFile } from "./token_use_file.ts";

interface HeldToken {
  id: string;
  role: AccessToken["role"];
  name: string;
  sum: Uint8Array;
}

// How long a stream may outlive its token, in milliseconds.
const LOOK_MS = 1000;

/**
 * The tokens of a home, as a role that runs sees them. The file is looked at for each that is shown,
 * and read again when it is another: what is made or revoked holds from the next request on. Who reads
 * an answer that goes on is told when its token is gone.
 */
export class AccessTokens implements AsyncDisposable {
  readonly #path: string;
  readonly #uses: TokenUseFile;
  #seen: string | undefined;
  #held: readonly HeldToken[] = [];
  /** By the id of a token, who is to hear that it is gone. */
  readonly #listeners = new Map<string, Set<() => void>>();
  #looking: ReturnType<typeof setInterval> | undefined;

  /** @param options.role Who keeps when tokens were used: each role in a file of its own. */
  constructor(paths: Pick<Paths, "state">, options: { role: "queen" | "hive" }) {
    this.#path = accessTokensFile(paths);
    this.#uses = new TokenUseFile(paths, options.role);
  }

  /**
   * The token that is shown; undefined when there is none such, or none such any more. Notes that it was
   * used. All are compared, and each in constant time. While the file cannot be read or is damaged there
   * is none, which is narrated.
   */
  find(shown: string): Pick<AccessToken, "id" | "role" | "name"> | undefined {
    this.#look();
    const sum = tokenSum(shown);
    let found: HeldToken | undefined;
    for (const held of this.#held) {
      if (timingSafeEqual(held.sum, sum)) found = held;
    }
    if (found !== undefined) this.#uses.note(found.id);
    return found && { id: found.id, role: found.role, name: found.name };
  }

  /** Whether there is a token of that id now. */
  has(id: string): boolean {
    this.#look();
    return this.#held.some((held) => held.id === id);
  }

  /**
   * Has `listener` called once when there is no token of that id any more, at most a second after that,
   * or at once where there is none now. What it returns ends that. While somebody listens the file is looked at every second.
   */
  onRevoked(id: string, listener: () => void): () => void {
    // It may have gone since it was found.
    if (!this.#held.some((held) => held.id === id)) {
      listener();
      return () => {};
    }
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners.add(listener));
    this.#looking ??= setInterval(() => this.#look(), LOOK_MS);
    return () => {
      if (!listeners.delete(listener) || listeners.size > 0) return;
      if (this.#listeners.get(id) === listeners) this.#listeners.delete(id);
      this.#restUnlessHeard();
    };
  }

  /**
   * Whether there is one of the role `admin`.
   *
   * @throws {RbeeError} `bad_token` If the file cannot be read or is damaged.
   */
  hasAdmin(): boolean {
    return readKeptTokens(this.#path).some(({ role }) => role === "admin");
  }

  /** Resolves when what was noted is written. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear();
    this.#restUnlessHeard();
    await this.#uses.flush();
  }

  #restUnlessHeard(): void {
    if (this.#listeners.size > 0) return;
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  #look(): void {
    const now = identityOf(this.#path);
    if (now === this.#seen) return;
    this.#seen = now;
    this.#held = [];
    try {
      this.#held = readKeptTokens(this.#path).map(({ id, role, name, sha256 }) => ({
        id,
        role,
        name,
        sum: Uint8Array.fromHex(sha256),
      }));
    } catch (error) {
      // Who shows a token from elsewhere is not to learn of this machine's files.
      narrate("tokens", messageOf(error), { level: "error" });
    }
    this.#tellRevoked();
  }

  #tellRevoked(): void {
    const held = new Set(this.#held.map(({ id }) => id));
    for (const [id, listeners] of [...this.#listeners]) {
      if (held.has(id)) continue;
      this.#listeners.delete(id);
      for (const listener of [...listeners]) listener();
    }
    this.#restUnlessHeard();
  }
}

/** What changes whenever the file is replaced, written, or made readable. */
function identityOf(path: string): string {
  try {
    const { dev, ino, size, ctime } = Deno.statSync(path);
    return `${dev}:${ino}:${size}:${ctime?.getTime()}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "none";
    return "unknown";
  }
}

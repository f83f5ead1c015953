import { within } from "../base/delay.ts";
import { RbeeError } from "../base/rbee_error.ts";
import { RateMeter } from "../base/rate_meter.ts";
import type { Caller } from "./caller.ts";
import { PeerRates } from "./peer_rates.ts";
import { RefusalCount } from "./refusal_count.ts";

/** What one token may do; 0 is without limit. As it stands in `rbee.yaml`. */
export interface TokenLimits {
  requests_per_second: number;
  /** How many of them may come at once. */
  burst: number;
  /** How many answers of its requests may be event streams that are open. */
  streams: number;
  /** How many of its jobs may be without an end. */
  jobs: number;
  /** How many of its requests may be without their whole body, each of which holds up to 8 MiB. */
  bodies: number;
}

/** What bounds requests. As it stands in `rbee.yaml`. */
export interface LimitSettings {
  /** How long a body may take, in milliseconds; longer while it brings 16 KiB a second. 0 is no limit. */
  body_time: number;
  infer: TokenLimits;
  admin: TokenLimits;
  /** By the name of a token, what it has in place of what its role has. */
  tokens: Readonly<Record<string, Readonly<{ [Limit in keyof TokenLimits]?: number | undefined }>>>;
  /** Of one address: requests that show no token which is known, where one is needed. */
  refused: Pick<TokenLimits, "requests_per_second" | "burst">;
}

/** When it is worth to ask again where nobody knows when a stream or a job ends. */
const RETRY_AFTER_S = 5;
/** How many such answers are held back at once; those beyond go out at once. */
const MAX_HELD = 4096;

/** What is other than usual. */
export interface RequestLimitsOptions {
  /** A clock in milliseconds that never goes back. Default `performance.now`. */
  now?: () => number;
  /** How long the answer to who asks too often is held back, in milliseconds. Default 500. */
  holdMs?: number;
  /** What counts the requests that were refused. */
  refusals?: RefusalCount;
}

interface Use {
  requests: RateMeter;
  streams: number;
  bodies: number;
}

/**
 * What each token may do at once and in a second, and how often an address may be refused. The person
 * of this machine, the commands of this home and a queen at her hive, whose token is the role's own, are
 * without limits. A refusal for asking too often is held back for half a second: on a connection the
 * next request is read when the one before is answered, so that a flood pays for itself.
 */
export class RequestLimits implements Disposable {
  readonly refusals: RefusalCount;
  readonly #now: () => number;
  readonly #holdMs: number;
  readonly #uses = new Map<string, Use>();
  readonly #refused = new PeerRates();
  readonly #open = new PeerRates();
  #settings: LimitSettings;
  #held = 0;

  constructor(settings: LimitSettings, options: RequestLimitsOptions = {}) {
    this.#settings = settings;
    this.#holdMs = options.holdMs ?? 500;
    this.#now = options.now ?? (() => performance.now());
    this.refusals = options.refusals ?? new RefusalCount();
  }

  /** How long a body may take, in milliseconds. */
  get bodyTimeMs(): number {
    return this.#settings.body_time;
  }

  /** How many event streams a token has open. */
  openStreams(tokenId: string): number {
    return this.#uses.get(tokenId)?.streams ?? 0;
  }

  /** Has others hold from the next request on. What is under way goes on. */
  reconfigure(settings: LimitSettings): void {
    this.#settings = settings;
  }

  /**
   * Counts a request of who showed a token that is known.
   *
   * @param sent Settles when who asked has gone.
   * @throws {RbeeError} `rate_limit_exceeded` If there are too many in a second.
   */
  countRequest(caller: Caller, sent: Promise<void> | undefined): Promise<void> | undefined {
    const { tokenId } = caller;
    if (tokenId === undefined) return undefined;
    const { requests_per_second: perSecond, burst } = this.#limitsOf(caller);
    const waitMs = this.#useOf(tokenId).requests.take({ perSecond, burst }, this.#now());
    if (waitMs === 0) return undefined;
    return this.#holdBack(sent).then(() => {
      throw tooOften(
        `This token may send ${perSecond} requests a second, ${burst} at once`,
        waitMs,
      );
    });
  }

  /**
   * Counts a request that is refused because who sends it shows no token that is known, or comes from a
   * foreign page. What a right token sends from the same address is not counted.
   *
   * @param peer Its address, as `peerOf` gives it.
   * @returns The refusal that takes the place of the first one, where there are too many of them.
   */
  async countRefusal(
    peer: string,
    sent: Promise<void> | undefined,
  ): Promise<RbeeError | undefined> {
    return await this.#countPeer(this.#refused, peer, {
      sent,
      what: "Too many requests from this address were refused",
    });
  }

  /** As {@linkcode countRefusal}, of those for routes that need no token: a role's health, a page. */
  async countOpen(
    peer: string,
    sent: Promise<void> | undefined,
  ): Promise<RbeeError | undefined> {
    return await this.#countPeer(this.#open, peer, {
      sent,
      what: "This address asks too often for what needs no token",
    });
  }

  async #countPeer(
    rates: PeerRates,
    peer: string,
    { sent, what }: { sent: Promise<void> | undefined; what: string },
  ): Promise<RbeeError | undefined> {
    const { requests_per_second: perSecond, burst } = this.#settings.refused;
    const waitMs = rates.take(peer, { perSecond, burst }, this.#now());
    if (waitMs === 0) return undefined;
    await this.#holdBack(sent);
    return tooOften(what, waitMs);
  }

  /**
   * Counts an event stream that is about to open, until `sent` settles.
   *
   * @throws {RbeeError} `too_many_streams` If its token has as many as it may have.
   */
  openStream(caller: Caller, sent: Promise<void>): void {
    const { tokenId } = caller;
    if (tokenId === undefined) return;
    const use = this.#useOf(tokenId);
    const { streams } = this.#limitsOf(caller);
    if (streams !== 0 && use.streams >= streams) {
      throw new RbeeError(
        "too_many_streams",
        `This token has ${use.streams} event streams open, as many as it may; close one, or wait until one ends`,
        { details: { streams: use.streams, retry_after_s: RETRY_AFTER_S } },
      );
    }
    use.streams++;
    sent.then(() => void use.streams--);
  }

  /**
   * Counts a body that is about to be read.
   *
   * @returns What is to be called when it is there, or will not come.
   * @throws {RbeeError} `too_many_bodies` If as many of its token's are on their way as may be.
   */
  openBody(caller: Caller): () => void {
    const { tokenId } = caller;
    if (tokenId === undefined) return () => {};
    const use = this.#useOf(tokenId);
    const { bodies } = this.#limitsOf(caller);
    if (bodies !== 0 && use.bodies >= bodies) {
      throw new RbeeError(
        "too_many_bodies",
        `The bodies of ${use.bodies} requests of this token are still on their way, as many as may be; send them whole first`,
        { details: { bodies: use.bodies, retry_after_s: RETRY_AFTER_S } },
      );
    }
    use.bodies++;
    return () => void use.bodies--;
  }

  /**
   * Refuses one more job.
   *
   * @param active How many its token has that have not ended.
   * @throws {RbeeError} `too_many_jobs` If those are as many as it may have.
   */
  requireRoomForJob(caller: Caller, active: number): void {
    if (caller.tokenId === undefined) return;
    const { jobs } = this.#limitsOf(caller);
    if (jobs === 0 || active < jobs) return;
    throw new RbeeError(
      "too_many_jobs",
      `This token has ${active} jobs that have not ended, as many as it may; wait until one ends, or cancel one with rbee job cancel`,
      { details: { jobs: active, retry_after_s: RETRY_AFTER_S } },
    );
  }

  /** Says what was refused and has not been said yet. */
  [Symbol.dispose](): void {
    this.refusals[Symbol.dispose]();
  }

  #limitsOf({ role, tokenName }: Caller): TokenLimits {
    const limits = this.#settings[role];
    const { tokens } = this.#settings;
    const own = tokenName !== undefined && Object.hasOwn(tokens, tokenName)
      ? tokens[tokenName]!
      : {};
    return {
      requests_per_second: own.requests_per_second ?? limits.requests_per_second,
      burst: own.burst ?? limits.burst,
      streams: own.streams ?? limits.streams,
      jobs: own.jobs ?? limits.jobs,
      bodies: own.bodies ?? limits.bodies,
    };
  }

  #useOf(tokenId: string): Use {
    let use = this.#uses.get(tokenId);
    if (use === undefined) {
      use = { requests: new RateMeter(), streams: 0, bodies: 0 };
      this.#uses.set(tokenId, use);
    }
    return use;
  }

  async #holdBack(sent: Promise<void> | undefined): Promise<void> {
    if (sent === undefined || this.#held >= MAX_HELD) return;
    this.#held++;
    await within(sent, this.#holdMs);
    this.#held--;
  }
}

let last: { sentence: string; error: RbeeError } | undefined;

function tooOften(what: string, waitMs: number): RbeeError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  const sentence = `${what}; ask again in ${seconds} s`;
  // In a flood all are the same, and to make one costs more than the rest of a refusal.
  if (last?.sentence !== sentence) {
    const details = { retry_after_s: seconds };
    last = { sentence, error: new RbeeError("rate_limit_exceeded", sentence, { details }) };
  }
  return last.error;
}

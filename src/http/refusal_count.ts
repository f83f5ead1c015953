import { narrate } from "../narration/narrate.ts";

const OTHER = "other";
const MAX_CODES = 200;
/** What a flood is made of; all else is somebody's mistake, which who made it is told. */
const SAID = new Set([
  "unauthorized",
  "forbidden_host",
  "forbidden_origin",
  "rate_limit_exceeded",
  "too_many_streams",
  "too_many_bodies",
  "too_many_jobs",
  "body_too_large",
  "body_too_slow",
]);

/** How refusals are told of. */
export interface RefusalCountOptions {
  /** The least time from one line to the next, in milliseconds. Default 10,000. */
  everyMs?: number;
}

/**
 * Counts the requests that were refused, by the codes of their errors. Those of which there may be a
 * flood are narrated in sum: the first at once, what follows in one line at most every 10 s.
 */
export class RefusalCount implements Disposable {
  readonly #everyMs: number;
  readonly #totals = new Map<string, number>();
  #unsaid = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(options: RefusalCountOptions = {}) {
    this.#everyMs = options.everyMs ?? 10_000;
  }

  /** How many there were of each code, since the start. Past 200 codes the others are `other`. */
  get totals(): ReadonlyMap<string, number> {
    return this.#totals;
  }

  /** Counts one. */
  note(code: string): void {
    const isKnown = this.#totals.has(code) || this.#totals.size < MAX_CODES;
    add(this.#totals, isKnown ? code : OTHER);
    if (!SAID.has(code)) return;
    add(this.#unsaid, code);
    if (this.#timer === undefined && !this.#closed) this.#say();
  }

  /** Says what has not been said yet, and from then on nothing more. */
  [Symbol.dispose](): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#narrate();
  }

  #say(): void {
    this.#timer = undefined;
    if (this.#unsaid.size === 0) return;
    this.#narrate();
    this.#timer = setTimeout(() => this.#say(), this.#everyMs);
    // What is still to be said is no reason for the process to stay.
    Deno.unrefTimer(this.#timer);
  }

  #narrate(): void {
    const unsaid = [...this.#unsaid];
    this.#unsaid = new Map();
    const sum = unsaid.reduce((total, [, count]) => total + count, 0);
    if (sum === 0) return;
    const parts = unsaid.map(([code, count]) => `${code} ${count}`).join(", ");
    narrate("refused", `Refused ${sum} request${sum === 1 ? "" : "s"}: ${parts}`, {
      level: "warn",
      fields: { requests: sum, ...Object.fromEntries(unsaid) },
    });
  }
}

function add(counts: Map<string, number>, code: string): void {
  counts.set(code, (counts.get(code) ?? 0) + 1);
}

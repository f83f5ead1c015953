import { isTerminal, type JobEvent, type NarrationEvent } from "../../src/contracts/job_event.ts";
import type { JobClient } from "../../src/jobs/job_client.ts";

/** What no job of a test needs: past it the test fails, in place of hanging. */
export const PATIENCE_MS = 120_000;

interface Waiter {
  matches(event: JobEvent): boolean;
  found: PromiseWithResolvers<JobEvent>;
}

/** Reads a job's stream in the background, from its begin to its end. */
export class JobReader {
  readonly jobId: string;
  readonly events: JobEvent[] = [];
  /** Resolves with the terminal event; rejects when the role is lost. */
  readonly end: Promise<JobEvent>;
  #waiters: Waiter[] = [];
  #over = false;

  constructor(client: JobClient, jobId: string) {
    this.jobId = jobId;
    this.end = this.#read(client);
    // Who waits for it is told; a test that kills the role does not.
    this.end.catch(() => {});
  }

  /** Resolves with the first event that matches; rejects when the job ends without one. */
  seen(matches: (event: JobEvent) => boolean): Promise<JobEvent> {
    const known = this.events.find(matches);
    if (known !== undefined) return Promise.resolve(known);
    if (this.#over) return Promise.reject(this.#missing());
    const found = Promise.withResolvers<JobEvent>();
    this.#waiters.push({ matches, found });
    return found.promise;
  }

  /** Resolves with the first narration of that action, whose sentence matches. */
  async said(action: string, sentence = /^/): Promise<NarrationEvent> {
    const event = await this.seen((each) =>
      each.type === "narration" && each.action === action && sentence.test(each.human)
    );
    return event as NarrationEvent;
  }

  /** Resolves with the first narration of an actor. */
  async saidBy(actor: string): Promise<NarrationEvent> {
    const event = await this.seen((each) => each.type === "narration" && each.actor === actor);
    return event as NarrationEvent;
  }

  /** Resolves with the first token. */
  token(): Promise<JobEvent> {
    return this.seen(({ type }) => type === "token");
  }

  /** The answer so far. */
  get text(): string {
    return this.events.map((event) => event.type === "token" ? event.text : "").join("");
  }

  async #read(client: JobClient): Promise<JobEvent> {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(this.#missing()), PATIENCE_MS);
    try {
      for await (const event of client.stream(this.jobId, { signal: patience.signal })) {
        this.events.push(event);
        const told = this.#waiters.filter(({ matches }) => matches(event));
        this.#waiters = this.#waiters.filter((waiter) => !told.includes(waiter));
        for (const { found } of told) found.resolve(event);
        if (isTerminal(event)) return event;
      }
      throw new Error("the stream ended without a terminal event");
    } finally {
      clearTimeout(timer);
      this.#over = true;
      for (const { found } of this.#waiters) found.reject(this.#missing());
    }
  }

  #missing(): Error {
    return new Error(`the stream of the job did not show it: ${JSON.stringify(this.events)}`);
  }
}

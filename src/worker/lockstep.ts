import { setImmediate } from "node:timers";

/** One of those that go in step. */
export interface LockstepMember {
  /** Undefined when it may go on at once; otherwise resolves when all go on. */
  next(): Promise<void> | undefined;
  /** Says that it has read its prompt, and from now on wants one token after the other. */
  generates(): void;
  /** Leaves the others to themselves. */
  leave(): void;
}

/**
 * Keeps generations that share a context in step. llama.cpp's package computes what is asked for while
 * it computes in one go, without letting go of the context: of several generations the last one sampled
 * would miss each step and be computed alone, and a prompt that has to change its sequence first would
 * wait until the others have ended. So each waits for its next token until all have had theirs; while
 * somebody reads a prompt, until the next turn of the event loop, when the context is free. One that is
 * alone does not wait.
 */
export class Lockstep {
  #members = 0;
  #generating = 0;
  #arrived = 0;
  #turn: PromiseWithResolvers<void> | undefined;

  /** Joins the others. */
  join(): LockstepMember {
    this.#members++;
    let generates = false;
    return {
      next: () => this.#next(),
      generates: () => {
        generates = true;
        this.#generating++;
      },
      leave: () => {
        this.#members--;
        if (generates) this.#generating--;
        if (this.#arrived >= this.#generating) this.#goOn();
      },
    };
  }

  #next(): Promise<void> | undefined {
    if (this.#members < 2) return undefined;
    const turn = this.#turn ??= Promise.withResolvers();
    this.#arrived++;
    if (this.#members > this.#generating) setImmediate(() => turn === this.#turn && this.#goOn());
    else if (this.#arrived === this.#generating) this.#goOn();
    return turn.promise;
  }

  #goOn(): void {
    const turn = this.#turn;
    this.#turn = undefined;
    this.#arrived = 0;
    turn?.resolve();
  }
}

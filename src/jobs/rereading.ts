/** Something that is read again whenever somebody says that it has changed, one time after another. */
export class Rereading {
  readonly #read: () => Promise<void>;
  readonly #failed: (error: unknown) => void;
  #last: Promise<void> = Promise.resolve();
  #closed = false;

  /**
   * @param read Reads it, and takes it up.
   * @param failed Told why `read` has failed. It must not throw.
   */
  constructor(read: () => Promise<void>, failed: (error: unknown) => void) {
    this.#read = read;
    this.#failed = failed;
  }

  /** Reads it, after all that was asked for before. Never rejects. */
  again(): Promise<void> {
    if (!this.#closed) this.#last = this.#last.then(this.#read).catch(this.#failed);
    return this.#last;
  }

  /** Resolves when nothing is read any more; later calls of {@linkcode again} do nothing. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#last;
  }
}

/**
 * A proxy that lets who comes wait for ever, and sees when they leave: for what a program does while it
 * downloads.
 */
export class SilentProxy implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #came = Promise.withResolvers<void>();
  readonly #serving: Promise<void>;
  #open = 0;
  #left = Promise.withResolvers<void>();

  constructor() {
    this.#serving = this.#serve();
  }

  /** Has Deno ask it, and know of no package. */
  env(denoDir: string): Record<string, string> {
    const url = `http://127.0.0.1:${this.#listener.addr.port}`;
    return { HTTPS_PROXY: url, HTTP_PROXY: url, NO_PROXY: "", DENO_DIR: denoDir };
  }

  /** Resolves when somebody has come. */
  get came(): Promise<void> {
    return this.#came.promise;
  }

  /** Resolves when all who came have left. */
  get left(): Promise<void> {
    return this.#left.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#serving;
  }

  async #serve(): Promise<void> {
    const held: Promise<void>[] = [];
    for await (const conn of this.#listener) {
      this.#open++;
      this.#came.resolve();
      held.push(this.#hold(conn));
    }
    await Promise.all(held);
  }

  async #hold(conn: Deno.Conn): Promise<void> {
    using _ = conn;
    const buffer = new Uint8Array(4096);
    try {
      while (await conn.read(buffer) !== null);
    } catch (error) {
      // Killed with bytes of ours unread.
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
    }
    if (--this.#open === 0) this.#left.resolve();
  }
}

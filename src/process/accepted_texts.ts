import type { z } from "zod";

const MAX_KEPT = 256;

/**
 * The texts that a schema has accepted before, so that the few that come again and again cost no more
 * than a look. Keeps at most 256 of them and forgets all when that is passed.
 */
export class AcceptedTexts {
  readonly #schema: z.ZodType<string>;
  readonly #kept = new Set<string>();
  #last: string | undefined;

  constructor(schema: z.ZodType<string>) {
    this.#schema = schema;
  }

  /** Whether the schema accepts `value`. */
  has(value: string): boolean {
    if (value === this.#last) return true;
    if (!this.#kept.has(value)) {
      if (!this.#schema.safeParse(value).success) return false;
      if (this.#kept.size === MAX_KEPT) this.#kept.clear();
      this.#kept.add(value);
    }
    this.#last = value;
    return true;
  }
}

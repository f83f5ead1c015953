/** From where on a part ends with the next line, in characters. */
const PART_LENGTH = 4000;

/**
 * An answer that grows, in parts of some thousand characters: all but the last stay as they are, so that a
 * browser lays out anew only that one. A part ends with a line; one endless line is one part.
 */
export class AnswerParts {
  readonly #whole: string[] = [];
  #begin = 0;

  /** The parts of a text, which begins as the one before did. */
  read(text: string): readonly string[] {
    for (;;) {
      const end = text.indexOf("\n", this.#begin + PART_LENGTH);
      if (end < 0) return [...this.#whole, text.slice(this.#begin)];
      this.#whole.push(text.slice(this.#begin, end + 1));
      this.#begin = end + 1;
    }
  }
}

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Token } from "node-llama-cpp";
import { type Detokenize, TokenText } from "../../src/worker/token_text.ts";

const NEVER_WHOLE = "\ufffd";

/** A vocabulary that grows: each token stands for the bytes that it was made for. */
class Vocabulary {
  readonly #bytes: Uint8Array[] = [];

  token(bytes: Uint8Array): Token {
    return this.#bytes.push(bytes) - 1 as Token;
  }

  readonly detokenize: Detokenize = (tokens) => {
    const bytes = tokens.flatMap((token) => [...this.#bytes[token]!]);
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes));
  };
}

/** The tokens of `characters`, each of them cut into pieces of `sizes` bytes in turn. */
function tokensOf(vocabulary: Vocabulary, characters: readonly string[], sizes: readonly number[]) {
  let turn = 0;
  return characters.flatMap((character) => {
    const bytes = new TextEncoder().encode(character);
    const tokens: Token[] = [];
    for (let at = 0; at < bytes.length;) {
      const size = sizes[turn++ % sizes.length]!;
      tokens.push(vocabulary.token(bytes.subarray(at, at + size)));
      at += size;
    }
    return tokens;
  });
}

Deno.test("TokenText gives characters whole, however their bytes are cut into tokens", () => {
  const character = fc.oneof(
    fc.constantFrom("a", " ", "\n", "é", "ß", "蜂", "の", "\u{1f41d}", "\u{1f469}\u200d\u{1f680}"),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 })
      .filter((each) => each.isWellFormed() && each !== NEVER_WHOLE),
  );
  const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.array(character, { maxLength: 20 }), sizes, (characters, cuts) => {
      // Code point by code point, so that no token runs from one character into the next.
      const text = characters.join("");
      const vocabulary = new Vocabulary();
      const tokenText = new TokenText(vocabulary.detokenize);
      const pieces = tokensOf(vocabulary, [...text], cuts).map((token) => tokenText.push(token));
      for (const piece of pieces) assert.ok(!piece.includes(NEVER_WHOLE), "half a character");
      assert.equal(pieces.join(""), text);
      assert.equal(tokenText.flush(), "");
    }),
  );
});

Deno.test("TokenText holds a character of four tokens back until the fourth", () => {
  const vocabulary = new Vocabulary();
  const tokenText = new TokenText(vocabulary.detokenize);
  const tokens = tokensOf(vocabulary, ["\u{1f41d}"], [1]);
  assert.deepEqual(tokens.map((token) => tokenText.push(token)), ["", "", "", "\u{1f41d}"]);
});

Deno.test("TokenText joins tokens that end in the middle of one character and begin the next", () => {
  const vocabulary = new Vocabulary();
  const tokenText = new TokenText(vocabulary.detokenize);
  const bytes = new TextEncoder().encode("のは");
  const tokens = [bytes.subarray(0, 1), bytes.subarray(1, 4), bytes.subarray(4)]
    .map((part) => vocabulary.token(part));
  assert.equal(tokens.map((token) => tokenText.push(token)).join(""), "のは");
});

Deno.test("TokenText never holds bytes that make no character for longer than four tokens", () => {
  const vocabulary = new Vocabulary();
  const tokenText = new TokenText(vocabulary.detokenize);
  const broken = vocabulary.token(Uint8Array.of(0xff));
  const pieces = [broken, broken, broken, broken].map((token) => tokenText.push(token));
  assert.deepEqual(pieces, ["", "", "", NEVER_WHOLE.repeat(4)]);
  assert.equal(tokenText.push(vocabulary.token(new TextEncoder().encode("ok"))), "ok");
});

Deno.test("TokenText.flush() gives what is whole of that which is held back, once", () => {
  const vocabulary = new Vocabulary();
  const tokenText = new TokenText(vocabulary.detokenize);
  const bytes = new TextEncoder().encode("ab\u{1f41d}");
  assert.equal(tokenText.push(vocabulary.token(bytes.subarray(0, 4))), "");
  assert.equal(tokenText.flush(), "ab");
  assert.equal(tokenText.flush(), "");
});

Deno.test("TokenText.flush() gives nothing of half a character", () => {
  const vocabulary = new Vocabulary();
  const tokenText = new TokenText(vocabulary.detokenize);
  const [first] = tokensOf(vocabulary, ["\u{1f41d}"], [2]);
  assert.equal(tokenText.push(first!), "");
  assert.equal(tokenText.flush(), "");
});

Deno.test("TokenText tells the detokenizer which tokens came before, eight at most", () => {
  const seen: { tokens: Token[]; before: Token[] }[] = [];
  const tokenText = new TokenText((tokens, before) => {
    seen.push({ tokens: [...tokens], before: [...before] });
    return "x";
  });
  for (let token = 0; token < 10; token++) tokenText.push(token as Token);
  assert.deepEqual(seen[0], { tokens: [0], before: [] });
  assert.deepEqual(seen[2], { tokens: [2], before: [0, 1] });
  assert.deepEqual(seen[9], { tokens: [9], before: [1, 2, 3, 4, 5, 6, 7, 8] });
});

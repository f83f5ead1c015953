import assert from "node:assert/strict";
import fc from "fast-check";
import { commandLine, quoteWord } from "../../src/page/command_line.ts";

/** Has a real shell take words apart that were written one after the other. */
async function readByShell(words: readonly string[]): Promise<string[]> {
  const program = `printf '%s\\0' ${words.map(quoteWord).join(" ")}`;
  const { code, stdout } = await new Deno.Command("sh", { args: ["-c", program] }).output();
  assert.equal(code, 0);
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(stdout).split("\0").slice(0, -1);
}

// An argument can hold neither NUL nor half of a surrogate pair.
const word = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: fc.constantFrom(..."'\"\\$`!*?~#&|;<>(){}[]= \t\n-aB1é".split("")) }),
).map((text) => text.toWellFormed().replaceAll("\0", ""));

Deno.test("a shell reads every word as what it was", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 30 }), async (words) => {
      assert.deepEqual(await readByShell(words), words);
    }),
    { numRuns: 60 },
  );
});

Deno.test("plain words stay as they are, all others are quoted", () => {
  assert.equal(quoteWord("hf:org/repo:Q4_K_M"), "hf:org/repo:Q4_K_M");
  assert.equal(quoteWord("https://a.example/x.gguf"), "https://a.example/x.gguf");
  assert.equal(quoteWord(""), "''");
  assert.equal(quoteWord("~/a"), "'~/a'");
  assert.equal(quoteWord("it's"), String.raw`'it'\''s'`);
});

Deno.test("commandLine() leaves out what was not given", () => {
  const does = ["worker", "spawn"];
  assert.equal(
    commandLine({ does, target: "bee-tiny", flags: { hive: "local", device: undefined } }),
    "rbee worker spawn bee-tiny --hive local",
  );
  assert.equal(
    commandLine({ does, target: "-x y", flags: { parallel: 8 } }),
    "rbee worker spawn --parallel 8 -- '-x y'",
  );
});

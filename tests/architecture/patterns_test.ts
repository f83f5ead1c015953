import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { SECRET_SIGN } from "../../src/base/secret_signs.ts";
import { growsLinearly } from "../helpers/growth.ts";
import { sourcePatterns } from "../helpers/source_patterns.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
// From few to many, so that what doubles with each character is met while there are few.
const LENGTHS = [30, 300, 3000, 20_000];
// Of so many characters: many times what is linear, a part of what is square.
const SUSPICIOUS_MS = 25;
const LONG_MS = 1000;
const USUAL = [" ", "\t", "\n", "a", "A", "0", "-", "_", ".", ",", "/", ":", '"', "\\", "\u00e9"];
const MAX_PIECES = 60;

/** What a pattern itself speaks of: its characters, and its words. */
function piecesOf({ source }: RegExp): string[] {
  const resolved = source.replace(
    /\\(?:u([0-9a-f]{4})|x([0-9a-f]{2}))/gi,
    (_, long, short) => String.fromCharCode(parseInt(long ?? short, 16)),
  );
  const words = resolved.match(/[A-Za-z0-9"'=:;,._/ -]{2,40}/g) ?? [];
  return [...new Set([...USUAL, ...words, ...resolved])].slice(0, MAX_PIECES);
}

/** Runs a pattern over the whole of a text, in the way that its flags are for. */
function runOf(pattern: RegExp): (text: string) => unknown {
  const { source, flags } = pattern;
  const own = new RegExp(source, flags);
  return flags.includes("g") ? (text) => text.replace(own, "") : (text) => {
    own.lastIndex = 0;
    return own.exec(text);
  };
}

/** The text with which the time of a pattern grows with the square of its length, if any. */
function hostileText(pattern: RegExp): string | undefined {
  const run = runOf(pattern);
  const pieces = piecesOf(pattern);
  const words = pieces.filter((piece) => piece.length > 1).slice(0, 8);
  for (const begin of ["", ...words]) {
    for (const piece of pieces) {
      const make = (length: number) => `${begin}${piece.repeat(length / piece.length)}\u0000!`;
      for (const length of LENGTHS) {
        const startedMs = performance.now();
        run(make(length));
        const ms = performance.now() - startedMs;
        if (ms < SUSPICIOUS_MS) continue;
        // As long as takes a second where it is the square.
        const longer = length * Math.min(6, Math.max(1, Math.sqrt(LONG_MS / ms)));
        if (!growsLinearly(run, make(longer))) return `${begin}${piece}${piece}…`;
      }
    }
  }
  return undefined;
}

async function* sources(folder: string): AsyncGenerator<string, void, void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* sources(path);
    else if (name.endsWith(".ts")) yield path;
  }
}

Deno.test("sourcePatterns() finds patterns, and takes no division, text or comment for one", () => {
  const source = [
    'const a = /x[/"]y/gi; // no /pattern/',
    "const b = 6 / 2 / 1; /* no /pattern/ */",
    "const c = `no /pattern/ ${d.replace(/in \\/ it/u, `${/deep/.source}`)} /no/`;",
    "if (!/^end$/.test('no /pattern/')) return /last/;",
  ].join("\n");
  assert.deepEqual(
    sourcePatterns(source).map(({ line, pattern }) => [line, String(pattern)]),
    [[1, '/x[/"]y/gi'], [3, "/in \\/ it/u"], [3, "/deep/"], [4, "/^end$/"], [4, "/last/"]],
  );
});

Deno.test("hostileText() finds what makes a pattern slow", () => {
  for (const slow of [/\s+$/, /(a|b)+c.*d$/, /[0-9]+x/g, /x.*y.*z/]) {
    assert.ok(hostileText(slow) !== undefined, String(slow));
  }
  assert.equal(hostileText(/^\s+|token=\S{1,20}/g), undefined);
});

Deno.test("no pattern of the program takes time that grows with the square of its text", async () => {
  const slow: string[] = [];
  let count = 0;
  const check = (place: string, pattern: RegExp) => {
    count++;
    const text = hostileText(pattern);
    if (text !== undefined) slow.push(`${place} ${pattern} with ${JSON.stringify(text)}`);
  };
  for await (const path of sources(`${ROOT}src`)) {
    for (const { line, pattern } of sourcePatterns(await Deno.readTextFile(path))) {
      check(`${path.slice(ROOT.length)}:${line}`, pattern);
    }
  }
  check("SECRET_SIGN", new RegExp(SECRET_SIGN, "g"));
  assert.ok(count > 100, `${count} patterns were found`);
  assert.deepEqual(slow, []);
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { quoteArgument, remotePath } from "../../src/ssh/remote_path.ts";
import { shellQuote } from "../../src/ssh/shell_quote.ts";
import { anyText } from "../helpers/hostile_strings.ts";

const decoder = new TextDecoder();

const HOSTILE = [
  "a b; touch x",
  "$(touch x)",
  "`touch x`",
  "-oProxyCommand=touch x",
  "it's",
  "'",
  "\\",
  "\\'",
  "a\\\nb",
  "~",
  "=ls",
  "*",
  "!!",
  "%self",
  "{a,b}",
  "",
  "#x",
];

/** The arguments that a shell hands on for a command line. */
async function argumentsIn(shell: string, line: string): Promise<string[]> {
  const { stdout, stderr } = await new Deno.Command(shell, {
    args: ["-c", `printf '%s\\0' ${line}`],
    env: { HOME: "/home/of somebody" },
  }).output();
  assert.equal(decoder.decode(stderr), "");
  return decoder.decode(stdout).split("\0").slice(0, -1);
}

async function isThere(shell: string): Promise<boolean> {
  try {
    return (await new Deno.Command(shell, { args: ["-c", "exit 0"] }).output()).success;
  } catch {
    return false;
  }
}

for (const shell of ["sh", "dash", "bash", "zsh", "fish", "tcsh"]) {
  const there = await isThere(shell);
  // csh takes no line end inside of quotes.
  const texts = shell === "tcsh"
    ? fc.constantFrom(...HOSTILE.filter((text) => !text.includes("\n")))
    : fc.oneof(
      anyText(),
      fc.constantFrom(...HOSTILE),
      fc.string({ unit: fc.constantFrom(..."a '\\\"$\n") }),
    );
  Deno.test({
    name: there
      ? `shellQuote() writes what ${shell} hands on unchanged`
      : `SKIPPED, ${shell} is not installed here: shellQuote() writes what it hands on unchanged`,
    ignore: !there,
    async fn() {
      // No argument holds NUL; lone surrogates have no bytes.
      const argument = texts.map((text) => text.replaceAll("\0", "").toWellFormed())
        .filter((text) => !text.includes("\ufeff"));
      await fc.assert(
        fc.asyncProperty(fc.array(argument, { minLength: 1, maxLength: 5 }), async (list) => {
          assert.deepEqual(await argumentsIn(shell, list.map(shellQuote).join(" ")), list);
        }),
        {
          numRuns: 60,
          examples: [[HOSTILE.filter((text) => shell !== "tcsh" || !/\n/.test(text))]],
        },
      );
    },
  });
}

Deno.test("shellQuote() leaves no quote and no backslash inside of quotes, where fish reads them otherwise", () => {
  fc.assert(fc.property(anyText().map((text) => text.replaceAll("\0", "")), (text) => {
    assert.match(shellQuote(text), /^([A-Za-z0-9_./:@,+-]+|\\['\\]|'[^'\\]*')+$/);
  }));
});

Deno.test("shellQuote() refuses NUL, which no argument can hold", () => {
  assert.throws(() => shellQuote("a\0b"), { code: "bad_argument" });
});

Deno.test("remotePath() puts ~ under the home folder of the remote side, and nothing else", async () => {
  const paths = [
    "~",
    "~/",
    "~/.local/bin/rbee",
    "~/a b; touch x",
    "~other/x",
    "/opt/rbee",
    "-x",
    "a/~/b",
  ];
  const words = paths.map((path) => quoteArgument(remotePath(path)));
  const home = "/home/of somebody";
  assert.deepEqual(await argumentsIn("sh", words.join(" ")), [
    home,
    home,
    `${home}/.local/bin/rbee`,
    `${home}/a b; touch x`,
    "~other/x",
    "/opt/rbee",
    "./-x",
    "a/~/b",
  ]);
});

import assert from "node:assert/strict";
import { unitCommand, unitWord } from "../../../src/keeper/systemd/unit_word.ts";

Deno.test("unitWord() leaves plain words as they are, and quotes what a unit would split", () => {
  assert.equal(unitWord("/usr/bin/rbee"), "/usr/bin/rbee");
  assert.equal(unitWord("/home/a bee/rbee"), '"/home/a bee/rbee"');
  assert.equal(unitWord(""), '""');
  assert.equal(unitWord("it's; #1"), '"it\'s; #1"');
});

Deno.test("unitWord() keeps specifiers, quotes, backslashes and line ends from being read as such", () => {
  assert.equal(unitWord("/srv/100%h"), "/srv/100%%h");
  assert.equal(unitWord('a"b\\c'), '"a\\"b\\\\c"');
  assert.equal(unitWord("a\nExecStart=b"), '"a\\x0aExecStart=b"');
});

Deno.test("unitCommand() keeps variables from being replaced in arguments", () => {
  assert.equal(
    unitCommand("/opt/$x/rbee", ["--path", "$HOME/a b", "${HOME}"]),
    '"/opt/$x/rbee" --path "$$HOME/a b" "$${HOME}"',
  );
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { escapeControls, shownLine } from "../../src/keeper/shown_text.ts";
import { anyText } from "../helpers/hostile_strings.ts";

Deno.test("shownLine() makes one line without what a terminal would obey, and keeps tabs", () => {
  assert.equal(shownLine("\ta\r\nb\x1b[2J\x9b1m\x07c"), "\ta bc");
});

Deno.test("escapeControls() writes control characters as JSON does, tabs and line ends aside", () => {
  assert.equal(escapeControls("a\x1b\x7f\x9b\u2028\t\n"), "a\\u001b\\u007f\\u009b\\u2028\t\n");
  assert.equal(escapeControls("a\u202eb\u200f"), "a\\u202eb\\u200f");
});

Deno.test("escapeControls() leaves the value of any JSON, and none that a terminal would obey", () => {
  fc.assert(
    fc.property(anyText(), (text) => {
      const json = escapeControls(JSON.stringify({ [text]: text }, null, 2));
      assert.deepEqual(JSON.parse(json), { [text]: text });
      // deno-lint-ignore no-control-regex -- control characters are what is looked for
      assert.doesNotMatch(json, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
    }),
  );
});

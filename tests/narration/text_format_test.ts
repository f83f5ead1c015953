import assert from "node:assert/strict";
import fc from "fast-check";
import { singleLine } from "../../src/base/single_line.ts";
import { formatNarrationText, parseNarrationText } from "../../src/narration/text_format.ts";
import { anyAction, anyActor } from "../helpers/any_narration.ts";
import { anyText } from "../helpers/hostile_strings.ts";

Deno.test("formatNarrationText() writes the contract's line", () => {
  const record = { actor: "hive", action: "worker_spawn", human: "Spawning worker" };
  assert.equal(formatNarrationText(record), "[hive      ] worker_spawn   : Spawning worker");
});

Deno.test("formatNarrationText() pads actor and action to their widths and never cuts", () => {
  const cases: [actor: string, action: string, expected: string][] = [
    ["hive", "x", "[hive      ] x              : m"],
    ["hive:a-b-c", "fifteen_letters", "[hive:a-b-c] fifteen_letters: m"],
    ["hive:a-b-c-d", "sixteen_letters_", "[hive:a-b-c-d] sixteen_letters_: m"],
    ["worker:gpu-machine-1", "model_download_progress", ""],
  ];
  for (const [actor, action, expected] of cases) {
    assert.equal(
      formatNarrationText({ actor, action, human: "m" }),
      expected || `[${actor}] ${action}: m`,
    );
  }
});

Deno.test("formatNarrationText() keeps an action of the longest length whole", () => {
  const action = "a".repeat(80);
  assert.equal(
    formatNarrationText({ actor: "hive", action, human: "" }),
    `[hive      ] ${action}: `,
  );
});

Deno.test("parseNarrationText() reads what formatNarrationText() printed", () => {
  fc.assert(fc.property(anyActor(), anyAction(), anyText(), (actor, action, text) => {
    const record = { actor, action, human: singleLine(text) };
    assert.deepEqual(parseNarrationText(formatNarrationText(record)), record);
  }));
});

Deno.test("parseNarrationText() keeps colons, brackets and spaces of the sentence", () => {
  for (const human of ["a: b", "[hive      ] x              : y", "  two spaces", "", ": ", " "]) {
    const record = { actor: "hive", action: "x", human };
    assert.deepEqual(parseNarrationText(formatNarrationText(record)), record);
  }
});

Deno.test("parseNarrationText() reads lines that were not padded", () => {
  const record = { actor: "worker", action: "model_load", human: "half" };
  assert.deepEqual(parseNarrationText("[worker] model_load: half"), record);
  assert.deepEqual(parseNarrationText("[worker] model_load:half"), record);
});

Deno.test("parseNarrationText() is undefined for every line that is not narration", () => {
  const lines = [
    "",
    "plain",
    "[DONE]",
    "[INFO] loading: model",
    "[2026-01-31] hive: started",
    "[model     ] load           : not a role of ours",
    "[hive      ] Worker         : capital",
    "[hive      ] worker spawn   : two words",
    "[hive      ] 1st            : digit first",
    "[hive      ] worker_spawn",
    " [hive      ] worker_spawn   : indented",
    "[hive      ]worker_spawn    : no space",
    "[      hive] worker_spawn   : padded on the wrong side",
    "[hive:     ] worker_spawn   : no name",
    `[hive:${"x".repeat(80)}] worker_spawn   : too long`,
    `[hive      ] ${"x".repeat(81)}: too long`,
  ];
  for (const line of lines) assert.equal(parseNarrationText(line), undefined, line);
});

import assert from "node:assert/strict";
import fc from "fast-check";
import type { NarrationRecord } from "../../src/contracts/narration_record.ts";
import { cutText, singleLine } from "../../src/base/single_line.ts";
import { MAX_HUMAN_CHARACTERS } from "../../src/narration/narrate.ts";
import { formatNarrationJson, parseNarrationJson } from "../../src/narration/json_format.ts";
import { formatNarrationText } from "../../src/narration/text_format.ts";
import {
  mayBecomeNarration,
  mayHoldNarration,
  parseNarrationLine,
} from "../../src/process/narration_line.ts";
import { anyRecord } from "../helpers/any_narration.ts";
import { anyText, HOSTILE_STRINGS } from "../helpers/hostile_strings.ts";

const RECORD: NarrationRecord = {
  rbee: "narration",
  at: "2026-01-31T12:00:00.123Z",
  actor: "worker",
  action: "model_load",
  human: "Loading",
  level: "info",
};
const JSON_LINE = formatNarrationJson(RECORD);

/** Takes a line as the schema alone would, but for its sentence, which must be printable. */
function assertAsSchema(line: string): void {
  const expected = parseNarrationJson(line);
  if (expected !== undefined) {
    expected.human = singleLine(cutText(expected.human, MAX_HUMAN_CHARACTERS));
  }
  const record = parseNarrationLine(line);
  assert.deepEqual(record, expected, line);
  // The order of the members is that of the bytes that a job's log will hold.
  assert.equal(JSON.stringify(record), JSON.stringify(expected), line);
}

Deno.test("parseNarrationLine() reads what the formats print", () => {
  assert.deepEqual(parseNarrationLine(JSON_LINE), RECORD);
  const { at: _, ...text } = parseNarrationLine(formatNarrationText(RECORD))!;
  const { at: __, ...expected } = RECORD;
  assert.deepEqual(text, expected);
});

Deno.test("parseNarrationLine() reads the padded text without its colours", () => {
  const record = parseNarrationLine("\u001b[1;36m[worker    ]\u001b[0m model_load     : Loading");
  assert.deepEqual([record?.actor, record?.action, record?.human], [
    "worker",
    "model_load",
    "Loading",
  ]);
});

Deno.test("parseNarrationLine() takes no other line for narration", () => {
  for (
    const line of [
      ...HOSTILE_STRINGS.filter((text) => !text.startsWith("[hive      ]")),
      "plain",
      "{}",
      '{"level":"info","msg":"JSON of another kind"}',
      "[12:00:00] loading",
      "[nobody    ] model_load     : Loading",
      "[worker    ] Model Load     : Loading",
      ` ${JSON_LINE}`,
      `${JSON_LINE},`,
      `${JSON_LINE}${JSON_LINE}`,
      JSON_LINE.slice(0, -1),
      JSON_LINE.replace('{"rbee"', '{ "rbee"'),
    ]
  ) assert.equal(parseNarrationLine(line), undefined, line);
});

Deno.test("parseNarrationLine() makes one printable line of a sentence", () => {
  const human = (sentence: string) =>
    parseNarrationLine(formatNarrationJson({ ...RECORD, human: sentence }))?.human;
  assert.equal(human("a\nb\u001b[2Jc\ud800"), "a b [2Jc\ufffd");
  assert.match(human("x".repeat(10_000))!, /^x+ \[cut: 10000 characters\]$/);
  assert.equal(human("x".repeat(10_000))!.length, 8192);
  assert.equal(human('"quoted\\"'), '"quoted\\"');
  for (const mark of "\u061c\u200e\u200f\u202a\u202e\u2066\u2069") {
    assert.equal(human(`a${mark}b`), "ab", "marks of direction go");
  }
  assert.equal(parseNarrationLine(JSON_LINE.replace("Loading", "a\ud800b"))?.human, "a\ufffdb");
});

Deno.test("parseNarrationLine() accepts exactly what the schema accepts, of records that fit it", () => {
  fc.assert(
    fc.property(anyRecord(), (record) => assertAsSchema(formatNarrationJson(record))),
    { numRuns: 1000 },
  );
});

const anyJson = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, 1e300, 1.5, "", [], {}, "info", [1], { a: { b: 1 } }),
  fc.jsonValue(),
  anyText(),
);

Deno.test("parseNarrationLine() accepts exactly what the schema accepts, of records that do not fit it", () => {
  const names = [...Object.keys(RECORD), "job_id", "correlation_id", "fields", "progress", "other"];
  const changes = fc.array(fc.tuple(fc.constantFrom(...names), anyJson), { maxLength: 3 });
  let accepted = 0;
  fc.assert(
    fc.property(anyRecord(), changes, fc.boolean(), (record, values, drop) => {
      const changed: Record<string, unknown> = { ...record };
      for (const [name, value] of values) {
        if (drop) delete changed[name];
        else changed[name] = value;
      }
      const line = JSON.stringify(changed);
      if (parseNarrationJson(line) !== undefined) accepted++;
      assertAsSchema(line);
    }),
    { numRuns: 2000 },
  );
  assert.ok(accepted > 100, "hardly any record was accepted");
});

Deno.test("parseNarrationLine() accepts exactly what the schema accepts, of lines that were damaged", () => {
  const damage = fc.tuple(
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.nat(3),
    fc.oneof(
      anyText(),
      fc.constantFrom(
        '"',
        "\\",
        "\\u0000",
        "\\x",
        "}",
        ",",
        '","human":"twice',
        '"level":"warn"',
        "1e999",
      ),
    ),
  );
  fc.assert(
    fc.property(anyRecord(), damage, (record, [place, length, text]) => {
      const whole = formatNarrationJson(record);
      const at = Math.floor(place * whole.length);
      const line = whole.slice(0, at) + text + whole.slice(at + length);
      if (line.startsWith("{")) assertAsSchema(line);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("parseNarrationLine() accepts exactly what the schema accepts, of members in unusual places", () => {
  const rest = [
    `"fields":{"__proto__":1,"a":2}`,
    `"fields":{"constructor":1,"1":2,"0":3}`,
    `"fields":{"a":1e999}`,
    `"fields":[1]`,
    `"fields":null`,
    `"fields":{"a":[{"b":null}]}`,
    `"progress":{"unit":"x","total":1,"current":0,"more":1}`,
    `"progress":{"current":1e999,"total":1,"unit":"x"}`,
    `"progress":{"current":-0,"total":1,"unit":"x"}`,
    `"progress":{"current":-1,"total":1,"unit":"x"}`,
    `"progress":{"current":1,"total":1,"unit":"${"x".repeat(33)}"}`,
    `"progress":null`,
    `"progress":{"current":1,"total":1,"unit":"x"},"fields":{"a":1},"job_id":"j"`,
    `"job_id":"${"x".repeat(81)}"`,
    `"job_id":"a","job_id":"b"`,
    `"job_id":null`,
    `"human":"twice"`,
    `"rbee":"other"`,
    `"level":"warn"`,
    `"__proto__":{"a":1}`,
    `"other":1`,
    `"":1`,
    ` "job_id" : "spaces" `,
    ``,
  ];
  for (const member of rest) {
    assertAsSchema(`${JSON_LINE.slice(0, -1)},${member}}`);
    assertAsSchema(JSON_LINE.replace(/^(\{"rbee":"narration"),/, `$1,${member},`));
    assertAsSchema(`${JSON_LINE.slice(0, -1)},${member}`);
    assertAsSchema(`${JSON_LINE.slice(0, -1)}x${member}}`);
  }
});

Deno.test("mayHoldNarration() is true of every line that is narration, wherever it stands", () => {
  const lines = fc.oneof(
    anyRecord().map(formatNarrationJson),
    anyRecord().map((record) => formatNarrationText({ ...record, human: "said" })),
    anyText(),
  );
  fc.assert(
    fc.property(lines, fc.constantFrom("\n", "\r"), (line, end) => {
      if (parseNarrationLine(line) === undefined) return;
      for (const text of [line, `first${end}${line}`, `${line}${end}last`]) {
        assert.equal(mayHoldNarration(text), true, text);
      }
    }),
  );
  assert.equal(mayHoldNarration("plain\n  [not at the begin]\nlines"), false);
});

Deno.test("mayBecomeNarration() is true of every begin of a JSON line, and of the text from its actor on", () => {
  for (let at = 1; at <= JSON_LINE.length; at++) {
    assert.equal(mayBecomeNarration(JSON_LINE.slice(0, at)), true);
  }
  const text = formatNarrationText(RECORD);
  for (let at = "[worker".length; at <= text.length; at++) {
    assert.equal(mayBecomeNarration(text.slice(0, at)), true);
  }
  for (const line of ["10 %", "[####    ] 50 %", '{"level"', " 7 of 9"]) {
    assert.equal(mayBecomeNarration(line), false, line);
  }
});

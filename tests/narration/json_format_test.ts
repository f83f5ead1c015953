import assert from "node:assert/strict";
import fc from "fast-check";
import type { NarrationRecord } from "../../src/contracts/narration_record.ts";
import { formatNarrationJson, parseNarrationJson } from "../../src/narration/json_format.ts";
import { anyRecord } from "../helpers/any_narration.ts";

const RECORD: NarrationRecord = {
  rbee: "narration",
  at: "2026-01-31T12:00:00.123Z",
  actor: "hive",
  action: "worker_spawn",
  human: "Spawning",
  level: "info",
};

Deno.test("formatNarrationJson() writes one line whose first member says what it is", () => {
  assert.equal(
    formatNarrationJson(RECORD),
    '{"rbee":"narration","at":"2026-01-31T12:00:00.123Z","actor":"hive",' +
      '"action":"worker_spawn","human":"Spawning","level":"info"}',
  );
});

Deno.test("parseNarrationJson() reads any record that formatNarrationJson() wrote", () => {
  fc.assert(fc.property(anyRecord(), (record) => {
    const line = formatNarrationJson(record);
    assert.doesNotMatch(line, /[\r\n]/);
    assert.ok(line.isWellFormed());
    assert.deepEqual(parseNarrationJson(line), record);
  }));
});

Deno.test("parseNarrationJson() gives a record that is written the same way again", () => {
  fc.assert(fc.property(anyRecord(), (record) => {
    const relayed = parseNarrationJson(formatNarrationJson(record));
    assert.ok(relayed);
    assert.ok(formatNarrationJson(relayed).startsWith('{"rbee":"narration",'));
    assert.deepEqual(parseNarrationJson(formatNarrationJson(relayed)), record);
  }));
});

Deno.test("parseNarrationJson() is undefined for JSON that is no narration", () => {
  const { rbee: _, ...rest } = RECORD;
  const lines = [
    "",
    "{}",
    "null",
    '{"level":"info","msg":"from another logger"}',
    JSON.stringify({ ...rest, rbee: "narration" }),
    ` ${formatNarrationJson(RECORD)}`,
    JSON.stringify({ ...RECORD, rbee: "narration2" }),
  ];
  for (const line of lines) assert.equal(parseNarrationJson(line), undefined, line);
});

Deno.test("parseNarrationJson() is undefined for narration that does not fit or was cut", () => {
  const wrong = [
    { ...RECORD, actor: "root" },
    { ...RECORD, action: "Worker Spawn" },
    { ...RECORD, level: "fatal" },
    { ...RECORD, at: "now" },
    { ...RECORD, human: null },
    { rbee: "narration" },
  ];
  for (const value of wrong) assert.equal(parseNarrationJson(JSON.stringify(value)), undefined);
  const line = formatNarrationJson(RECORD);
  for (let length = 0; length < line.length; length++) {
    assert.equal(parseNarrationJson(line.slice(0, length)), undefined);
  }
});

Deno.test("parseNarrationJson() passes over members that this version does not know", () => {
  const line = JSON.stringify({ ...RECORD, spice: "new" });
  assert.deepEqual(parseNarrationJson(line), RECORD);
});

Deno.test("parseNarrationJson() does not let a field reach an object's prototype", () => {
  const line = formatNarrationJson(RECORD).replace(/\}$/, ',"fields":{"__proto__":{"evil":1}}}');
  const record = parseNarrationJson(line);
  assert.equal(Reflect.get({}, "evil"), undefined);
  assert.equal(Reflect.get(record?.fields ?? {}, "evil"), undefined);
});

import assert from "node:assert/strict";
import { MAX_HUMAN_CHARACTERS, narrate } from "../../src/narration/narrate.ts";
import { redactRecord } from "../../src/narration/redact_record.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";

Deno.test("narrate() takes secrets out of its sentence and its fields, for every sink", () => {
  using recorded = new RecordedNarration();
  narrate("x", "Asking https://luna:pollen@host/ with --token abc", {
    fields: { authorization: "Bearer abc", args: ["--password", "def"], prompt_tokens: 3 },
  });
  const [record] = recorded.records;
  assert.equal(record?.human, "Asking https://luna:[redacted]@host/ with --token [redacted]");
  assert.deepEqual(record.fields, {
    authorization: "[redacted]",
    args: ["--password", "[redacted]"],
    prompt_tokens: 3,
  });
});

Deno.test("narrate() knows a secret that begins where the sentence is cut, and one of several lines", () => {
  using recorded = new RecordedNarration();
  const key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN\n-----END PRIVATE KEY-----";
  narrate(
    "x",
    `${"x ".repeat(MAX_HUMAN_CHARACTERS / 2 - 30)} hf_Zq9xW7vT5rS3pN1mK8jH6gF4Yz01234567${
      " y".repeat(99)
    }`,
  );
  narrate("x", `The key is ${key}`);
  assert.ok(!recorded.records[0]!.human.includes("Zq9x"), recorded.records[0]!.human.slice(-99));
  assert.equal(recorded.records[1]!.human, "The key is [redacted]");
});

Deno.test("redactRecord() returns the very record where nothing is secret", () => {
  const record = { human: "Loading", fields: { pid: 5 } };
  assert.equal(redactRecord(record), record);
  assert.deepEqual(redactRecord({ human: "password=a", level: "info" }), {
    human: "password=[redacted]",
    level: "info",
  });
});

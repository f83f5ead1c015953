import assert from "node:assert/strict";
import fc from "fast-check";
import { formatNarrationJson } from "../../src/narration/json_format.ts";
import { StreamCapture } from "../../src/process/stream_capture.ts";
import { bytesOf, cutAt } from "../helpers/bytes.ts";

interface Said {
  lines: string[];
  painted: string[];
  narrated: { human: string; fields?: unknown }[];
}

/** What is captured of chunks that come one after the other at once. */
function capture(
  chunks: readonly (string | Uint8Array)[],
  options: { narration?: boolean; color?: boolean } = {},
): Said {
  const said: Said = { lines: [], painted: [], narrated: [] };
  const stream = new StreamCapture({
    narration: options.narration ?? false,
    color: options.color ?? false,
    onNarration: ({ human, fields }) =>
      void said.narrated.push({ human, ...(fields && { fields }) }),
    onLines(lines, _truncated, painted) {
      said.lines.push(...lines);
      said.painted.push(...painted ?? lines);
    },
  });
  for (const chunk of chunks) stream.push(typeof chunk === "string" ? bytesOf(chunk) : chunk);
  stream.end();
  return said;
}

const KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN\nBgkqhkiG9w0B\n-----END PRIVATE KEY-----\n";

Deno.test("StreamCapture takes secrets out of lines, and leaves the lines around them", () => {
  assert.deepEqual(capture(["one\nHF_TOKEN=abc\ntwo\nthe password: def\n"]).lines, [
    "one",
    "HF_TOKEN=[redacted]",
    "two",
    "the password: [redacted]",
  ]);
});

Deno.test("StreamCapture hides a private key in several lines, wherever its bytes are cut", () => {
  const bytes = bytesOf(`before\n${KEY}after\n`);
  const expected = ["before", ...Array<string>(4).fill("[redacted]"), "after"];
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 6 }), (cuts) => {
      assert.deepEqual(capture(cutAt(bytes, cuts)).lines, expected);
    }),
  );
});

Deno.test("StreamCapture hides what colours stand within of a secret, and then shows none", () => {
  const line = "\u001b[32mHF_\u001b[1mTOKEN\u001b[0m=ab\u001b[31mc\u001b[0m";
  const { lines, painted } = capture([`${line}\n\u001b[32mgreen\u001b[0m\n`], { color: true });
  assert.deepEqual(lines, ["HF_TOKEN=[redacted]", "green"]);
  assert.deepEqual(painted, ["HF_TOKEN=[redacted]", "\u001b[32mgreen\u001b[0m"]);
});

Deno.test("StreamCapture takes secrets out of a line that is written over", () => {
  assert.deepEqual(capture(["token=abc 10 %\rtoken=abc 20 %\rtoken=abc 30 %\n"]).lines, [
    "token=[redacted] 30 %",
  ]);
});

Deno.test("StreamCapture hides a private key whose lines are written over one another", () => {
  const text = `${KEY.replaceAll("\n", "\r")}done\n`;
  for (const line of capture([text.slice(0, 40), text.slice(40)]).lines) {
    assert.match(line, /^(\[redacted\]|done)$/);
  }
});

Deno.test("StreamCapture takes secrets out of a line that is too long, and of one without an end", () => {
  const { lines } = capture([`password=abc ${"x".repeat(70_000)}\nsecret=def`]);
  assert.ok(lines[0]!.startsWith("password=[redacted] xxx"));
  assert.equal(lines[1], "secret=[redacted]");
});

Deno.test("StreamCapture takes secrets out of what a program narrates, fields too", () => {
  const record = {
    rbee: "narration" as const,
    at: "2026-01-31T12:00:00.123Z",
    actor: "worker",
    action: "model_load",
    human: "Fetching https://a:b@c/",
    level: "info" as const,
    fields: { token: "abc", url: "https://a:b@c/", prompt_tokens: 3 },
  };
  assert.deepEqual(capture([formatNarrationJson(record) + "\n"], { narration: true }).narrated, [{
    human: "Fetching https://a:[redacted]@c/",
    fields: { token: "[redacted]", url: "https://a:[redacted]@c/", prompt_tokens: 3 },
  }]);
});

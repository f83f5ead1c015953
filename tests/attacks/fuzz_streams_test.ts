import assert from "node:assert/strict";
import fc from "fast-check";
import { type JobEvent, jobEventSchema } from "../../src/contracts/job_event.ts";
import { narrationRecordSchema } from "../../src/contracts/narration_record.ts";
import { parseNarrationLine } from "../../src/process/narration_line.ts";
import { decodeEvents } from "../../src/sse/decode_events.ts";
import { decodeMessages } from "../../src/sse/decode_messages.ts";
import { encodeEvent } from "../../src/sse/encode_event.ts";
import { splitEvents } from "../../src/sse/split_events.ts";
import { bytesOf } from "../helpers/bytes.ts";
import { anyOf, FUZZ, orRefusedLater } from "../helpers/fuzz.ts";
import { anyText } from "../helpers/hostile_strings.ts";

const AT = "2026-01-31T12:00:00.123Z";
const PIECES = [
  "\n",
  "\n\n",
  "\r\n",
  "\r",
  ": comment\n",
  "id: 1\n",
  "id: -1\n",
  "retry: 99999999999999999999\n",
  "event: token\n",
  "event: done\n",
  "event: gap\n",
  "event: __proto__\n",
  "event: constructor\n",
  "data: ",
  'data: {"seq":1,"at":"2026-01-31T12:00:00.123Z","text":"a","i":0}\n\n',
  'data: {"seq":1e999}\n\n',
  'data: {"__proto__":{"type":"done"},"seq":1}\n\n',
  'data: {"type":"done","seq":2,"at":"2026-01-31T12:00:00.123Z","result":null}\n\n',
  "data: [DONE]\n\n",
  "data: null\n\n",
  'data: "text"\n\n',
  `data: ${"[".repeat(50_000)}\n\n`,
  "\u0000",
  "\ufeff",
];

/** Any bytes, cut anywhere: texts of a stream, and what is no text. */
function anyChunks(): fc.Arbitrary<Uint8Array[]> {
  const bytes = fc.oneof(
    anyOf(PIECES, 20).map(bytesOf),
    fc.uint8Array({ maxLength: 60 }),
  );
  return fc.tuple(fc.array(bytes, { maxLength: 4 }), fc.integer({ min: 1, max: 64 })).map(
    ([parts, size]) => {
      const all = Uint8Array.from(parts.flatMap((part) => [...part]).slice(0, 100_000));
      const length = all.length > 2000 ? all.length : size;
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < all.length; at += length) chunks.push(all.subarray(at, at + length));
      return chunks;
    },
  );
}

async function* bodyOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

Deno.test("fuzz: any bytes for a stream are events that fit, or refused in words, and never more than were sent", async () => {
  await fc.assert(
    fc.asyncProperty(anyChunks(), async (chunks) => {
      const events: JobEvent[] = [];
      await orRefusedLater(async () => {
        for await (const event of decodeEvents(bodyOf(chunks))) events.push(event);
      });
      for (const event of events) {
        assert.ok(jobEventSchema.safeParse(event).success, JSON.stringify(event));
        assert.equal(Object.getPrototypeOf(event), Object.prototype);
      }
      let messages = 0;
      await orRefusedLater(async () => {
        for await (const _ of decodeMessages(bodyOf(chunks))) messages++;
      });
      assert.ok(events.length <= messages);
    }),
    FUZZ,
  );
});

Deno.test("fuzz: any text in an event comes back from the stream as it went in, however it is cut", async () => {
  const event = fc.oneof(
    fc.record({ type: fc.constant("token" as const), text: anyText(), i: fc.nat() }),
    fc.record({
      type: fc.constant("log" as const),
      actor: fc.constant("worker"),
      stream: fc.constantFrom("stdout" as const, "stderr" as const),
      line: anyText(),
    }),
    fc.record({ type: fc.constant("cancelled" as const), reason: anyText() }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { maxLength: 5 }),
      fc.integer({ min: 1, max: 40 }),
      async (sent, size) => {
        const bytes = bytesOf(sent.map((each, at) => encodeEvent(at + 1, AT, each)).join(""));
        const chunks: Uint8Array[] = [];
        for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
        const read: JobEvent[] = [];
        for await (const each of decodeEvents(bodyOf(chunks))) read.push(each);
        // What is no character of Unicode is replaced when it becomes bytes.
        const expected = splitEvents(bytes);
        assert.deepEqual(read, expected);
        assert.equal(read.length, sent.length);
      },
    ),
    FUZZ,
  );
});

Deno.test("fuzz: a line of a program is narration that fits, or none, whatever it is", () => {
  const pieces = [
    '{"rbee":"narration"',
    `,"at":"${AT}"`,
    ',"actor":"queen"',
    ',"actor":"__proto__"',
    ',"action":"x"',
    ',"human":"',
    "\\",
    '"',
    ',"level":"info"',
    ',"job_id":"job-0"',
    ',"fields":{"__proto__":{"a":1}}',
    ',"__proto__":{"human":"x"}',
    ',"progress":{"current":1e999}',
    "}",
    "[hive      ] worker_spawn   : ",
    "[worker    ]",
    "\u001b[1;36m",
    "[".repeat(5000),
    "x".repeat(20_000),
  ];
  fc.assert(
    fc.property(anyOf(pieces, 16), (line) => {
      const record = parseNarrationLine(line);
      if (record === undefined) return;
      assert.ok(narrationRecordSchema.safeParse(record).success, line);
      assert.ok(record.human.length <= 8192 + 40);
      // deno-lint-ignore no-control-regex -- it is what must not be there
      assert.doesNotMatch(record.human, /[\x00-\x1f\x7f-\x9f]/);
      assert.equal(Object.getPrototypeOf(record), Object.prototype);
    }),
    FUZZ,
  );
  assert.equal(({} as Record<string, unknown>)["a"], undefined);
});

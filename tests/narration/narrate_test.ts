import assert from "node:assert/strict";
import fc from "fast-check";
import { narrationRecordSchema } from "../../src/contracts/narration_record.ts";
import { withNarrationContext } from "../../src/narration/context.ts";
import { MAX_HUMAN_CHARACTERS, narrate, setProcessActor } from "../../src/narration/narrate.ts";
import { addNarrationSink } from "../../src/narration/narration_sink.ts";
import { OutputQueue } from "../../src/narration/output_queue.ts";
import { OutputSink } from "../../src/narration/output_sink.ts";
import { anyText } from "../helpers/hostile_strings.ts";
import { MemoryWriter } from "../helpers/output_writers.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";

/** What the process's own output shows of what `body` narrates. */
async function outputOf(body: () => void): Promise<string[]> {
  const queue = new OutputQueue();
  const writer = new MemoryWriter();
  const remove = addNarrationSink(new OutputSink(queue, writer, { format: "text" }));
  try {
    body();
  } finally {
    remove();
  }
  assert.equal(await queue.flush(), true);
  return writer.lines();
}

Deno.test("narration without a channel: outside of any job it reaches the output", async () => {
  const lines = await outputOf(() => narrate("startup", "Starting without a job"));
  assert.deepEqual(lines, ["[keeper    ] startup        : Starting without a job"]);
});

Deno.test("narration without a channel: an unknown job id reaches the output and does not throw", async () => {
  const lines = await outputOf(() => {
    narrate("startup", "Explicit", { jobId: "job-that-nobody-made" });
    withNarrationContext({ jobId: "job-that-nobody-made" }, () => narrate("startup", "Context"));
  });
  assert.deepEqual(lines, [
    "[keeper    ] startup        : Explicit",
    "[keeper    ] startup        : Context",
  ]);
});

Deno.test("narration without a channel: without any sink it does not throw", () => {
  narrate("startup", "Nobody listens");
  using recorded = new RecordedNarration();
  narrate("startup", "Somebody listens");
  assert.equal(recorded.records.length, 1);
});

Deno.test("narrate() makes a record that fits the contract, with nothing that it does not know", () => {
  using recorded = new RecordedNarration();
  const before = new Date().toISOString();
  narrate("startup", "Starting");
  const [record] = recorded.records;
  assert.ok(record);
  assert.ok(record.at >= before && record.at <= new Date().toISOString());
  const { at: _, ...rest } = record;
  assert.deepEqual(rest, {
    rbee: "narration",
    actor: "keeper",
    action: "startup",
    human: "Starting",
    level: "info",
  });
});

Deno.test("narrate() carries level, fields and progress", () => {
  using recorded = new RecordedNarration();
  const progress = { current: 1, total: 2, unit: "bytes" };
  narrate("model_download", "Half", { level: "debug", fields: { url: "https://x" }, progress });
  const [record] = recorded.records;
  assert.equal(record?.level, "debug");
  assert.deepEqual(record?.fields, { url: "https://x" });
  assert.deepEqual(record?.progress, progress);
});

Deno.test("narrate() lets an explicit job id win over the context", () => {
  using recorded = new RecordedNarration();
  withNarrationContext({ jobId: "job-1" }, () => narrate("x", "", { jobId: "job-2" }));
  assert.equal(recorded.records[0]?.job_id, "job-2");
});

Deno.test("setProcessActor() says who speaks, unless the context does", () => {
  using recorded = new RecordedNarration();
  setProcessActor("hive");
  try {
    narrate("x", "");
    withNarrationContext({ actor: "worker" }, () => narrate("x", ""));
  } finally {
    setProcessActor("keeper");
  }
  assert.deepEqual(recorded.records.map(({ actor }) => actor), ["hive", "worker"]);
});

Deno.test("narrate() keeps an action longer than its column whole", async () => {
  const lines = await outputOf(() => {
    withNarrationContext({ actor: "worker:gpu-machine" }, () => {
      narrate("model_download_progress", "Half");
    });
  });
  assert.deepEqual(lines, ["[worker:gpu-machine] model_download_progress: Half"]);
});

Deno.test("narrate() makes a name of an action that is none", () => {
  using recorded = new RecordedNarration();
  const actions = ["Worker Spawn", "worker-spawn!", "2nd_try", "", "!!!", "x".repeat(100)];
  for (const action of actions) narrate(action, "");
  assert.deepEqual(
    recorded.records.map(({ action }) => action),
    ["worker_spawn", "worker_spawn_", "nd_try", "narration", "narration", "x".repeat(80)],
  );
});

Deno.test("narrate() says one printable line", async () => {
  const lines = await outputOf(() => narrate("x", "one\r\ntwo\u2028three\u001b[2J"));
  assert.deepEqual(lines, ["[keeper    ] x              : one two three [2J"]);
});

Deno.test("narrate() cuts a sentence that is too long and says how long it was", () => {
  using recorded = new RecordedNarration();
  narrate("x", "y".repeat(MAX_HUMAN_CHARACTERS));
  narrate("x", "y".repeat(MAX_HUMAN_CHARACTERS + 1));
  const [whole, cut] = recorded.records.map(({ human }) => human);
  assert.equal(whole, "y".repeat(MAX_HUMAN_CHARACTERS));
  assert.equal(cut?.length, MAX_HUMAN_CHARACTERS);
  assert.match(cut, /^y+ \[cut: 8193 characters\]$/);
});

Deno.test("narrate() makes a record that fits the contract of any texts", () => {
  using recorded = new RecordedNarration();
  fc.assert(fc.property(anyText(), anyText(), (action, human) => {
    recorded.records.length = 0;
    narrate(action, human);
    const parsed = narrationRecordSchema.safeParse(recorded.records[0]);
    assert.equal(parsed.error, undefined);
  }));
});

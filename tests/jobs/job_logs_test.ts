import assert from "node:assert/strict";
import { EventLog } from "../../src/jobs/event_log.ts";
import { newJobId } from "../../src/jobs/job_id.ts";
import { currentJobLog, narrationEvent, openJobLog } from "../../src/jobs/job_logs.ts";
import { withNarrationContext } from "../../src/narration/context.ts";
import { narrate } from "../../src/narration/narrate.ts";
import { sinkFailures } from "../../src/narration/narration_sink.ts";
import { narrationEventSchema } from "../../src/contracts/job_event.ts";
import { logEvents } from "../helpers/log_events.ts";

Deno.test("openJobLog() lets narration find the log, until it is closed", () => {
  const log = new EventLog();
  const jobId = newJobId();
  narrate("before", "Before the log is open", { jobId });
  const close = openJobLog(jobId, log);
  narrate("while", "While it is open", { jobId });
  close();
  narrate("after", "After it was closed", { jobId });
  const actions = logEvents(log).map((event) =>
    event.type === "narration" ? event.action : event.type
  );
  assert.deepEqual(actions, ["while"]);
});

Deno.test("narrate() of an unknown job is no failure of a sink", () => {
  const before = sinkFailures();
  narrate("lost", "For a job that is nowhere", { jobId: "job-unknown" });
  assert.equal(sinkFailures(), before);
});

Deno.test("currentJobLog() is the log of the context's job", () => {
  const log = new EventLog();
  const jobId = newJobId();
  const close = openJobLog(jobId, log);
  assert.equal(withNarrationContext({ jobId }, currentJobLog), log);
  close();
  assert.throws(() => withNarrationContext({ jobId }, currentJobLog), { code: "internal" });
  assert.throws(currentJobLog, { code: "internal" });
});

Deno.test("narrationEvent() keeps every member of the record but its marker, and adds the text", () => {
  const record = {
    rbee: "narration" as const,
    at: "2026-01-31T12:00:00.123Z",
    actor: "worker:gpu",
    action: "model_load",
    human: "Loading",
    level: "info" as const,
    job_id: newJobId(),
    correlation_id: crypto.randomUUID(),
    fields: { model: "bee-tiny" },
    progress: { current: 1, total: 4, unit: "percent" },
  };
  const event = narrationEvent(record);
  const { rbee: _, ...kept } = record;
  assert.deepEqual(event, {
    type: "narration",
    ...kept,
    formatted: "[worker:gpu] model_load     : Loading",
  });
  narrationEventSchema.parse({ ...event, seq: 1 });
});

import assert from "node:assert/strict";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { emitData, emitToken } from "../../src/jobs/emit.ts";
import { EventLog } from "../../src/jobs/event_log.ts";
import { newJobId } from "../../src/jobs/job_id.ts";
import { openJobLog } from "../../src/jobs/job_logs.ts";
import { withNarrationContext, withoutNarrationContext } from "../../src/narration/context.ts";
import { logEvents } from "../helpers/log_events.ts";

const NO_JOB = { name: "RbeeError", code: "internal", message: /no job/ };

Deno.test("emitToken() and emitData() write into the log of the job that runs", () => {
  const log = new EventLog();
  const jobId = newJobId();
  const close = openJobLog(jobId, log);
  withNarrationContext({ jobId }, () => {
    emitToken("Once", 0);
    emitData("models", [{ name: "bee-tiny" }, null, 1.5]);
    emitToken(" upon", 1);
  });
  close();
  const events = logEvents(log).map(({ type: _, ...rest }) => rest);
  const at = (n: number) => (events[n] as { at: string }).at;
  assert.deepEqual(events, [
    { seq: 1, at: at(0), text: "Once", i: 0 },
    { seq: 2, at: at(1), name: "models", value: [{ name: "bee-tiny" }, null, 1.5] },
    { seq: 3, at: at(2), text: " upon", i: 1 },
  ]);
});

Deno.test("emitToken() outside of any job is a defect, not a write to somebody's log", () => {
  assert.throws(() => emitToken("x", 0), NO_JOB);
  assert.throws(() => emitData("x", 1), NO_JOB);
});

Deno.test("emitToken() in a job that has ended is a defect", () => {
  const log = new EventLog();
  const jobId = newJobId();
  openJobLog(jobId, log)();
  withNarrationContext({ jobId }, () => assert.throws(() => emitToken("x", 0), NO_JOB));
  assert.equal(log.lastSeq, 0);
});

Deno.test("emitToken() in work that has left its job does not reach the job", () => {
  const log = new EventLog();
  const jobId = newJobId();
  const close = openJobLog(jobId, log);
  withNarrationContext({ jobId }, () => {
    withoutNarrationContext(() => assert.throws(() => emitToken("x", 0), RbeeError));
  });
  close();
  assert.equal(log.lastSeq, 0);
});

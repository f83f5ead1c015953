/** One way to write a line, measured in a process whose standard error goes nowhere. */
import pino from "pino";
import { EventLog } from "../../src/jobs/event_log.ts";
import { openJobLog } from "../../src/jobs/job_logs.ts";
import { newJobId } from "../../src/jobs/job_id.ts";
import { withNarrationContext } from "../../src/narration/context.ts";
import { narrate, setProcessActor } from "../../src/narration/narrate.ts";
import { addNarrationSink } from "../../src/narration/narration_sink.ts";
import { OutputQueue } from "../../src/narration/output_queue.ts";
import { OutputSink } from "../../src/narration/output_sink.ts";

const CALLS = 300_000;
const BATCH = 1000;

const queue = new OutputQueue();
const jobId = newJobId();
setProcessActor("hive");

function attachOutput(format: "text" | "json"): void {
  addNarrationSink(new OutputSink(queue, Deno.stderr, { format }));
}

const say = (i: number) => narrate("worker_spawn", `Spawning worker ${i} for bee-tiny on cpu`);

const CASES: Record<string, () => (i: number) => void> = {
  "console.error": () => (i) => {
    // deno-lint-ignore no-console -- it is one of the rivals
    console.error(`[hive      ] worker_spawn   : Spawning worker ${i} for bee-tiny on cpu`);
  },
  "pino, synchronous": () => {
    const log = pino({ name: "hive" }, pino.destination({ dest: 2, sync: true }));
    return (i) => log.info({ action: "worker_spawn" }, `Spawning worker ${i} for bee-tiny on cpu`);
  },
  "narrate, no sink": () => say,
  "narrate, text output": () => (attachOutput("text"), say),
  "narrate, JSON output": () => (attachOutput("json"), say),
  "narrate, JSON output and job log": () => {
    attachOutput("json");
    openJobLog(jobId, new EventLog());
    return (i) => withNarrationContext({ jobId, correlationId: jobId }, () => say(i));
  },
};

const call = CASES[Deno.args[0]!]!();
let callMs = 0;
const startedMs = performance.now();
for (let i = 0; i < CALLS; i += BATCH) {
  const batchMs = performance.now();
  for (let j = i; j < i + BATCH; j++) call(j);
  callMs += performance.now() - batchMs;
  await queue.flush();
}
const totalMs = performance.now() - startedMs;
const result = {
  name: Deno.args[0],
  "ns/call": Math.round(callMs / CALLS * 1e6),
  "ns/call written": Math.round(totalMs / CALLS * 1e6),
};
Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(result)));

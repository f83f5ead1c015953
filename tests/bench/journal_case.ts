/** Measures the journal in a process of its own: appends with it on, and the memory of ended jobs. */
import { JobRegistry } from "../../src/jobs/job_registry.ts";
import { setImmediate } from "node:timers";
import { SqliteJournal } from "../../src/journal/sqlite_journal.ts";

const gc = (globalThis as { gc?: () => void }).gc ?? (() => {});
const event = (i: number) => ({
  type: "log" as const,
  actor: "worker",
  stream: "stdout" as const,
  line: `line ${i} of a child's output, as long as`,
});
// A timer would wait a millisecond each time, and that would be what is measured.
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

const folder = await Deno.makeTempDir({ prefix: "rbee-bench-" });
const journal = new SqliteJournal({ path: `${folder}/bench.db` });
const registry = new JobRegistry({ journal });
try {
  const result = Deno.args[0] === "append" ? await append() : await memory();
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(result)));
} finally {
  await journal.close();
  await Deno.remove(folder, { recursive: true });
}

async function append() {
  const EVENTS = 1_000_000;
  const { job } = registry.create({ operation: "bench" });
  job.start();
  let longestMs = 0;
  let lastMs = performance.now();
  // How long the loop is held up, as another request would feel it.
  const ticking = setInterval(() => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
  }, 1);
  const startedMs = performance.now();
  for (let i = 0; i < EVENTS; i++) {
    job.log.append(event(i));
    if (i % 1024 === 1023) await turn();
  }
  const appendedMs = performance.now() - startedMs;
  job.finishDone({ result: null });
  await journal.flush();
  const writtenMs = performance.now() - startedMs;
  clearInterval(ticking);
  return {
    name: "append, journal on",
    "events/s": Math.round(EVENTS / appendedMs * 1000),
    "on disk, events/s": Math.round(EVENTS / writtenMs * 1000),
    "longest pause ms": longestMs.toFixed(1),
  };
}

async function memory() {
  gc();
  const before = Deno.memoryUsage();
  for (let n = 0; n < 10_000; n++) {
    const { job } = registry.create({ operation: "bench" });
    job.start();
    for (let i = 0; i < 99; i++) job.log.append(event(i));
    job.finishDone({ result: null });
    if (n % 10 === 9) await turn();
  }
  await journal.flush();
  gc();
  const after = Deno.memoryUsage();
  const mb = (bytes: number) => (bytes / 1024 / 1024).toFixed(1);
  return {
    name: "10,000 ended jobs of 100 events",
    "heap MB": mb(after.heapUsed - before.heapUsed),
    "buffers MB": mb(after.external - before.external),
    "resident MB": mb(after.rss - before.rss),
    "journal MB": mb(journal.bytes),
  };
}

import assert from "node:assert/strict";
import { queenTelemetrySchema, type WorkerTelemetry } from "../../src/contracts/telemetry.ts";
import { jobSummarySchema } from "../../src/contracts/watch.ts";
import { parseFrames } from "../helpers/event_frames.ts";
import { control } from "../helpers/engine_hive.ts";
import { gatedEngine } from "../helpers/gated_engine.ts";
import { enginesAsModels, fixtureEngine, SupervisedHome } from "../helpers/supervised_home.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { WatchReader } from "../helpers/watch_reader.ts";

const STORY = {
  operation: "infer",
  model: "bee-tiny",
  messages: [{ role: "user", content: "Tell me a story about Luna." }],
  temperature: 0,
};

/** The first worker in the telemetry of a watch, seen or yet to come, that is so. */
async function untilWorker(
  watch: WatchReader,
  is: (worker: WorkerTelemetry) => boolean,
): Promise<WorkerTelemetry> {
  let found: WorkerTelemetry | undefined;
  await watch.until(({ event, data }) => {
    if (event !== "telemetry") return false;
    found = queenTelemetrySchema.parse(JSON.parse(data)).workers.find(is);
    return found !== undefined;
  });
  return found!;
}

Deno.test("one stream shows a model load, its job in order though it is taken up again, and how fast it answers", async () => {
  await using folder = await TemporaryFolder.make();
  const loaded = await gatedEngine(folder);
  await using home = await SupervisedHome.up(
    enginesAsModels({ loaded: loaded.engine, slow: fixtureEngine("--gate") }),
  );
  const watchUrl = `${home.queen.baseUrl}/v1/watch`;
  const { job_id } = await home.queen.submit({ ...STORY, model: "loaded" });
  const first = await WatchReader.open(`${watchUrl}?job=${job_id}`);
  try {
    const loading = await untilWorker(first, ({ state }) => state === "loading");
    assert.equal(loading.model, "loaded");
    await loaded.open();
    await first.until(({ event }) => event === "token");
  } finally {
    await first[Symbol.asyncDispose]();
  }
  const lastId = first.ofJob().at(-1)!.id!;
  await using second = await WatchReader.open(`${watchUrl}?job=${job_id}`, {
    "Last-Event-ID": lastId,
  });
  await second.until(({ event }) => event === "done");
  const both = [...first.ofJob(), ...second.ofJob()];
  const stream = await fetch(`${home.queen.baseUrl}/v1/jobs/${job_id}/stream`);
  assert.deepEqual(both, parseFrames(await stream.text()));
  assert.deepEqual(both.map(({ id }) => id), both.map((_, at) => `${at + 1}`));
  await second.until(({ event, data }) => {
    if (event !== "job" && event !== "jobs") return false;
    return data.includes(job_id) && data.includes('"done"') && data.includes('"model":"loaded"');
  });

  // On the same stream, which has not ended with its job.
  const { worker_id, url } = await home.spawn("slow");
  const { job_id: slowId } = await home.queen.submit({
    operation: "infer",
    model: "slow",
    prompt: "Fly",
    max_tokens: 10_000,
  });
  for (let seen = 0;;) {
    const telemetry = second.dataOf("telemetry").map((data) => queenTelemetrySchema.parse(data));
    const isFast = telemetry.some(({ workers }) =>
      workers.some((worker) => worker.worker_id === worker_id && worker.tokens_per_second! > 0)
    );
    if (isFast) break;
    seen = telemetry.length;
    await control({ url }, "release?count=5");
    await second.until(() => second.dataOf("telemetry").length > seen);
  }
  await home.queen.cancel(slowId);
  await second.until(({ event, data }) => {
    if (event !== "job") return false;
    const { job_id: id, state } = jobSummarySchema.parse(JSON.parse(data));
    return id === slowId && state === "cancelled";
  });
  const sample = await second.until(({ event }) => event === "sample");
  assert.deepEqual(Object.keys(JSON.parse(sample.data).hives), ["local"]);
});

Deno.test("a token of the role infer watches its own jobs, and sees nothing of hives, workers and others", async () => {
  await using home = await SupervisedHome.up();
  const made = await home.rbee.rbee(["token", "create", "--name", "ann"]);
  const headers = { Authorization: `Bearer ${made.stdout.trim()}` };
  const watchUrl = `${home.queen.baseUrl}/v1/watch`;
  const { job_id: other } = await home.queen.submit(STORY);
  const refused = await fetch(`${watchUrl}?job=${other}`, { headers });
  assert.equal(refused.status, 404);
  assert.equal((await refused.json()).error.code, "job_not_found");

  const answer = await fetch(`${home.queen.baseUrl}/v1/jobs`, {
    method: "POST",
    headers: { ...headers, "Content-Type": "application/json" },
    body: JSON.stringify(STORY),
  });
  const { job_id: own } = await answer.json();
  await using watch = await WatchReader.open(`${watchUrl}?job=${own}`, headers);
  await using all = await WatchReader.open(watchUrl);
  await watch.until(({ event }) => event === "done");
  // A beat of hers, which she sends to others.
  const { length } = all.dataOf("telemetry");
  await all.until(() => all.dataOf("telemetry").length > length);
  await watch.until(({ event, data }) =>
    (event === "job" || event === "jobs") && data.includes('"done"')
  );
  assert.equal(watch.dataOf("viewer")[0]?.["role"], "infer");
  const kinds = new Set(watch.seen.map(({ event }) => event));
  for (const hidden of ["telemetry", "history", "sample"]) assert.ok(!kinds.has(hidden), hidden);
  assert.ok(!JSON.stringify(watch.seen).includes(other));
});

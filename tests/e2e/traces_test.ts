import assert from "node:assert/strict";
import { OtlpReceiver, type ReceivedSpan } from "../helpers/otlp_receiver.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";
import { ServedHome } from "../helpers/served_home.ts";
import { enginesAsModels, fixtureEngine, SupervisedHome } from "../helpers/supervised_home.ts";

/** Stands in what is asked, and nowhere else. */
const MARK = "xylomarigoldquartz";
const GIVEN_TRACE = "0af7651916cd43dd8448eb211c80319c";

/** The names of a span and of all that it is in, the innermost first. */
function wayUp(receiver: OtlpReceiver, from: ReceivedSpan): string[] {
  const way: string[] = [];
  for (let span: ReceivedSpan | undefined = from; span !== undefined;) {
    way.push(`${span.service} ${span.name}`);
    span = receiver.parentOf(span);
  }
  return way;
}

Deno.test("one request is one trace through keeper, queen, hive and worker, and no word of it is in it", async () => {
  await using receiver = new OtlpReceiver();
  await using home = await RbeeHome.create();
  const env = { ...receiver.environment, OTEL_SERVICE_NAME: "rbee-keeper" };
  const asked = await home.rbee(["run", "bee-tiny", `Tell me of ${MARK}.`, "--max-tokens", "4"], {
    env,
  });
  assert.equal(asked.code, 0, asked.stderr);
  const listed = await home.rbee(["job", "list", "--json"]);
  const { url: hiveUrl } = await home.daemon("hive");
  await home.rbee(["down"]);

  const answer = await receiver.span(({ name }) => name === "chat bee-tiny");
  const root = await receiver.span(({ name }) => name === "rbee run");
  assert.deepEqual([root.service, root.parentSpanId], ["rbee-keeper", ""]);
  const { traceId } = root;

  assert.deepEqual(wayUp(receiver, answer), [
    "rbee-worker chat bee-tiny",
    "rbee-worker job infer",
    "rbee-worker POST",
    "rbee-hive POST",
    "rbee-hive POST",
    "rbee-queen POST",
    "rbee-queen job infer",
    "rbee-queen POST",
    "rbee-keeper POST",
    "rbee-keeper rbee run",
  ]);
  for (const part of ["prompt_evaluation", "generation"]) {
    const span = await receiver.span(({ name }) => name === part);
    assert.equal(receiver.parentOf(span)?.spanId, answer.spanId, part);
  }
  const load = await receiver.span(({ name }) => name === "model_load");
  assert.deepEqual(wayUp(receiver, load).slice(0, 4), [
    "rbee-worker model_load",
    "rbee-hive job worker_spawn",
    "rbee-hive POST",
    "rbee-queen POST",
  ]);
  const start = await receiver.span(({ name }) => name === "worker_start");
  assert.equal(receiver.parentOf(start)?.name, "job worker_spawn");
  const placement = await receiver.span(({ name }) => name === "placement");
  assert.equal(receiver.parentOf(placement)?.name, "job infer");
  for (const span of [answer, load, start, placement]) assert.equal(span.traceId, traceId);

  const { attributes } = answer;
  assert.equal(attributes["gen_ai.operation.name"], "chat");
  assert.equal(attributes["gen_ai.request.model"], "bee-tiny");
  assert.equal(Number(attributes["gen_ai.usage.output_tokens"]), 4);
  const { jobs } = JSON.parse(listed.stdout) as { jobs: Record<string, string>[] };
  const job = jobs.find(({ operation }) => operation === "infer")!;
  assert.equal(job["trace_id"], traceId, "the trace is found from the job");
  const ofJobs = receiver.spans.filter(({ name }) => name === "job infer");
  assert.equal(ofJobs.length, 2);
  for (const span of ofJobs) {
    assert.equal(span.attributes["rbee.correlation_id"], job["correlation_id"]);
    assert.equal(span.attributes["rbee.job.state"], "done");
  }
  // What goes on for as long as the queen runs is of no request.
  const beats = receiver.spans.filter(({ attributes }) =>
    attributes["url.full"] === `${hiveUrl}/v1/telemetry/stream`
  );
  assert.ok(beats.length > 0);
  assert.ok(beats.every((span) => span.traceId !== traceId));

  const kinds = new Set(receiver.bodies.map(({ kind }) => kind));
  assert.equal(kinds.has("logs"), false, "narration is exported as logs");
  assert.ok(receiver.bodies.every(({ text }) => !text.includes(MARK)), "a prompt is in a trace");
});

Deno.test("the trace that a client is in is taken up, goes on after its answer, and tells what failed by its code", async () => {
  await using receiver = new OtlpReceiver();
  await using home = await RbeeHome.create();
  const env = { ...receiver.environment, OTEL_EXPORTER_OTLP_HEADERS: "x-collector-key=known" };
  const up = await home.rbee(["up"], { env });
  assert.equal(up.code, 0, up.stderr);
  const { url } = await home.daemon("queen");
  const submit = async (traceId: string, model: string) => {
    const answer = await fetch(`${url}/v1/jobs`, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        traceparent: `00-${traceId}-b7ad6b7169203331-01`,
      },
      body: JSON.stringify({ operation: "infer", model, prompt: MARK, max_tokens: 2 }),
    });
    assert.equal(answer.status, 202, await answer.text());
  };
  await submit(GIVEN_TRACE, "bee-tiny");
  const other = GIVEN_TRACE.replace("0", "1");
  await submit(other, "no-such-model");
  const failed = await receiver.span(({ service, traceId, name }) =>
    service === "rbee-queen" && traceId === other && name === "job infer"
  );
  assert.equal(failed.attributes["error.type"], "model_not_found");
  assert.equal(failed.attributes["rbee.job.state"], "error");
  const answer = await receiver.span(({ name }) => name === "text_completion bee-tiny");
  assert.deepEqual([answer.service, answer.traceId], ["rbee-worker", GIVEN_TRACE]);
  const { headers } = receiver.bodies.find(({ text }) => text.includes("rbee-worker"))!;
  assert.equal(headers.get("x-collector-key"), "known");
  assert.ok(receiver.bodies.every(({ text }) => !text.includes(MARK)), "a prompt is in a trace");
});

Deno.test("a worker that is started again begins a trace of its own, and names that a person chose stay", async () => {
  await using receiver = new OtlpReceiver();
  await using home = await SupervisedHome.up({}, {
    ...receiver.environment,
    OTEL_SERVICE_NAME: "bees",
  });
  const { pid } = await home.spawn("bee-tiny");
  Deno.kill(pid!, "SIGKILL");
  await home.workerIs("bee-tiny", "ready", ({ restarts }) => restarts === 1);
  await home.end();
  const isFirst = ({ parentSpanId }: ReceivedSpan) => parentSpanId === "";
  await receiver.span((span) => span.name === "model_load" && isFirst(span));
  const starts = receiver.spans.filter(({ name }) => name === "worker_start");
  assert.equal(starts.length, 2);
  assert.deepEqual(starts.map(isFirst), [false, true]);
  assert.deepEqual([...new Set(receiver.spans.map(({ service }) => service))], ["bees"]);
});

Deno.test("a hive that is told to end twice waits for no collector that never answers", async () => {
  const collector = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const taken: Deno.Conn[] = [];
  const taking = (async () => {
    for await (const connection of collector) taken.push(connection);
  })();
  await using home = await ServedHome.create(
    enginesAsModels({ slow: fixtureEngine("--load-ms", "600000", "--ignore-sigterm") }),
  );
  Object.assign(home.rbee.env, {
    OTEL_DENO: "true",
    OTEL_DENO_CONSOLE: "ignore",
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.addr.port}`,
    OTEL_EXPORTER_OTLP_TIMEOUT: "15000",
  });
  const { process, client } = await home.serve("hive");
  await client.submit({ operation: "worker_spawn", model: "slow" });
  await process.line(/worker_spawn {3}: Worker process/);
  process.signal("SIGTERM");
  await process.line(/^\[hive +\] drain /);
  // The second is one only where it is not the first that comes twice, see main.ts.
  process.signalUntilEnd("SIGTERM");
  const { code } = await process.result;
  // With 130 it has waited.
  assert.equal(code, 137);
  await home.nothingRuns();
  home.assertNothingRuns();
  collector.close();
  await taking;
  for (const connection of taken) connection.close();
});

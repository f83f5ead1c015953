import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { inSpan, isTracing } from "../../src/tracing/spans.ts";
import {
  traceEnvironment,
  withoutCarriedTrace,
  withoutTraceKeys,
} from "../../src/tracing/trace_environment.ts";
import { OtlpReceiver } from "../helpers/otlp_receiver.ts";

const FIXTURE = fileURLToPath(new URL("../fixtures/traced_process.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));

interface Told {
  isTracing: boolean;
  requestOf: string;
  request: string;
  environment: string;
  inside: {
    open: boolean;
    trace: string;
    without: string;
    joins: Record<string, string>;
    alone: Record<string, string>;
  };
  afterwards: { open: boolean; trace: string; joins: string[] };
}

/** What a process in this environment makes of traces. */
async function toldIn(env: Record<string, string>): Promise<Told> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--config", CONFIG, FIXTURE],
    env,
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout)) as Told;
}

Deno.test("without OTEL_DENO there are no spans, and children are told nothing of traces", async () => {
  const told = await toldIn({});
  assert.equal(told.isTracing, false);
  assert.deepEqual([told.requestOf, told.request, told.environment], ["none", "none", "none"]);
  assert.deepEqual(told.inside, {
    open: false,
    trace: "none",
    without: "none",
    joins: {},
    alone: {},
  });
});

Deno.test("a request without a server that knows traces is of the trace that its header names", async () => {
  await using receiver = new OtlpReceiver();
  const told = await toldIn(receiver.environment);
  assert.equal(told.isTracing, true);
  assert.equal(told.requestOf, "b".repeat(32));
  assert.equal(told.request, "none");
});

Deno.test("a child of an open span joins its trace, and one that is started after it does not", async () => {
  await using receiver = new OtlpReceiver();
  const { inside, afterwards } = await toldIn(receiver.environment);
  assert.match(inside.trace, /^[0-9a-f]{32}$/);
  assert.deepEqual([inside.open, inside.without], [true, "none"]);
  assert.match(inside.joins["TRACEPARENT"]!, new RegExp(`^00-${inside.trace}-[0-9a-f]{16}-01$`));
  assert.equal(inside.alone["TRACEPARENT"], undefined);
  // What goes on is still of the trace, though nothing that begins is part of the span.
  assert.deepEqual([afterwards.open, afterwards.trace], [false, inside.trace]);
  assert.ok(!afterwards.joins.includes("TRACEPARENT"));
  const sent = await receiver.span(({ name }) => name === "outer");
  assert.equal(sent.traceId, inside.trace);
});

Deno.test("a child has the name of its role in traces, unless a person has chosen one", async () => {
  await using receiver = new OtlpReceiver();
  for (
    const [given, worker, queen] of [
      [undefined, "rbee-worker", "rbee-queen"],
      ["rbee-hive", "rbee-worker", "rbee-queen"],
      ["bees", "bees", "bees"],
    ] as const
  ) {
    const name = given === undefined ? {} : { OTEL_SERVICE_NAME: given };
    const { inside } = await toldIn({ ...receiver.environment, ...name });
    assert.equal(inside.joins["OTEL_SERVICE_NAME"], worker);
    assert.equal(inside.alone["OTEL_SERVICE_NAME"], queen);
    assert.equal(inside.alone["OTEL_DENO_CONSOLE"], "ignore");
    assert.equal(inside.alone["OTEL_EXPORTER_OTLP_TIMEOUT"], "1000");
  }
});

Deno.test("a process that was started in a trace is part of it", async () => {
  await using receiver = new OtlpReceiver();
  const TRACEPARENT = `00-${"d".repeat(32)}-${"e".repeat(16)}-01`;
  assert.equal(
    (await toldIn({ ...receiver.environment, TRACEPARENT })).environment,
    "d".repeat(32),
  );
  const damaged = { ...receiver.environment, TRACEPARENT: "00-no-trace-01" };
  assert.equal((await toldIn(damaged)).environment, "none");
});

Deno.test("withoutCarriedTrace() takes out the trace alone", () => {
  const environment = { PATH: "/bin", TRACEPARENT: "x", TRACESTATE: "y", OTEL_DENO: "true" };
  assert.deepEqual(withoutCarriedTrace(environment), { PATH: "/bin", OTEL_DENO: "true" });
});

Deno.test("withoutTraceKeys() takes out the headers of exports and the name that rbee has itself", () => {
  const kept = { PATH: "/bin", OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" };
  assert.deepEqual(
    withoutTraceKeys({
      ...kept,
      OTEL_EXPORTER_OTLP_HEADERS: "a=b",
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: "a=b",
      OTEL_EXPORTER_OTLP_METRICS_HEADERS: "a=b",
      OTEL_SERVICE_NAME: "rbee-hive",
    }),
    kept,
  );
  const chosen = { ...kept, OTEL_SERVICE_NAME: "bees" };
  assert.deepEqual(withoutTraceKeys(chosen), chosen);
});

Deno.test("inSpan() gives back what its body does, and throws what it throws", async () => {
  assert.equal(isTracing, false, "this process makes no spans");
  assert.deepEqual(traceEnvironment("queen"), {});
  assert.equal(await inSpan("x", {}, () => Promise.resolve(5)), 5);
  const error = new Error("broken");
  await assert.rejects(inSpan("x", {}, () => Promise.reject(error)), error);
});

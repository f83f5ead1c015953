import assert from "node:assert/strict";
import type { DeviceInfo } from "../../src/contracts/device.ts";
import {
  historySchema,
  MAX_SAMPLES,
  type Sample,
  sampleSchema,
} from "../../src/contracts/watch.ts";
import type { EventSource } from "../../src/http/event_stream.ts";
import { History } from "../../src/queen/history.ts";
import type { KnownHive } from "../../src/queen/known_hive.ts";
import { TokenRates } from "../../src/queen/token_rates.ts";
import { VERSION } from "../../src/version.ts";
import { parseFrames } from "../helpers/event_frames.ts";
import { telemetryWorker } from "../helpers/scripted_hive.ts";

const GIB = 1024 ** 3;
const HOUR_MS = 3_600_000;

const CPU: DeviceInfo = {
  device: "cpu",
  kind: "cpu",
  name: "A processor",
  total_bytes: 16 * GIB,
  free_bytes: 10 * GIB,
};

function gpu(fields: Partial<DeviceInfo>): DeviceInfo {
  return { ...CPU, device: "cuda:0", kind: "cuda", name: "A GPU", ...fields };
}

function hiveOf(fields: Partial<KnownHive> = {}): KnownHive {
  return {
    name: "local",
    url: "http://127.0.0.1:1",
    version: VERSION,
    state: "connected",
    workers: [],
    devices: [CPU],
    load: [],
    models: [],
    engines: [],
    mayReturn: true,
    ...fields,
  };
}

/** A history whose clock and hives the test has in hand. */
function stepped(known: KnownHive[] = [hiveOf()]) {
  const clock = { nowMs: 5_000_000 };
  const now = () => clock.nowMs;
  const hives = { known: () => known, tokens: new TokenRates({ now }) };
  return { clock, hives, history: new History(hives, { now }) };
}

/** All that can be read now: the samples of each event. */
function read(source: EventSource): { event: string | undefined; samples: Sample[] }[] {
  const decoder = new TextDecoder();
  const events = [];
  for (let bytes = source.read(); bytes !== undefined; bytes = source.read()) {
    for (const { id, event, data } of parseFrames(decoder.decode(bytes))) {
      assert.equal(id, undefined, "it has no place in a log");
      const json: unknown = JSON.parse(data);
      const samples = event === "history"
        ? historySchema.parse(json).samples
        : [sampleSchema.parse(json)];
      events.push({ event, samples });
    }
  }
  return events;
}

function lastOf(history: History): Sample {
  return read(history.read())[0]!.samples.at(-1)!;
}

Deno.test("History gives a reader all samples at once, and then each that is taken", () => {
  const { history } = stepped();
  history.take();
  history.take();
  const reader = history.read();
  assert.deepEqual(read(reader).map(({ event, samples }) => [event, samples.length]), [
    ["history", 2],
  ]);
  assert.deepEqual(read(reader), []);
  history.take();
  history.take();
  assert.deepEqual(read(reader).map(({ event, samples }) => [event, samples.length]), [
    ["sample", 1],
    ["sample", 1],
  ]);
});

Deno.test("History without a sample is an empty one", () => {
  const { history } = stepped();
  assert.deepEqual(read(history.read()), [{ event: "history", samples: [] }]);
});

Deno.test("History keeps the newest 180 samples, and a reader that lags gets no older ones", () => {
  const { history, clock, hives } = stepped();
  const lags = history.read();
  read(lags);
  // So many tokens as samples before, so that each is known by its rate.
  const takeNext = (count: number) => {
    for (let n = 0; n < count; n++) hives.tokens.count({ hive: "local", workerId: "w" });
    clock.nowMs += 1000;
    history.take();
  };
  for (let n = 1; n <= MAX_SAMPLES + 20; n++) takeNext(n);
  const rates = (samples: Sample[]) =>
    samples.map(({ hives }) => hives["local"]?.tokens_per_second);
  const expected = Array.from({ length: MAX_SAMPLES }, (_, i) => 21 + i);
  assert.deepEqual(rates(read(history.read())[0]!.samples), expected);
  assert.deepEqual(rates(read(lags).flatMap(({ samples }) => samples)), expected);
});

Deno.test("History tells of a hive its tokens a second since the sample before, and its requests", () => {
  const workers = [
    telemetryWorker({ requests: 2, waiting: 3 }),
    telemetryWorker({ requests: 1 }),
  ];
  const { history, hives, clock } = stepped([hiveOf({ workers })]);
  const count = (hive: string, tokens: number) => {
    for (let n = 0; n < tokens; n++) hives.tokens.count({ hive, workerId: workers[0]!.worker_id });
  };
  count("local", 30);
  count("another", 1000);
  clock.nowMs += 4000;
  history.take();
  const sample = lastOf(history).hives["local"];
  assert.deepEqual([sample?.tokens_per_second, sample?.running, sample?.waiting], [7.5, 3, 3]);
  clock.nowMs += 5000;
  history.take();
  assert.equal(lastOf(history).hives["local"]?.tokens_per_second, 0);
});

Deno.test("History tells what memory holds: the machine's, and that of all GPUs, null where it is not known", () => {
  const unknown = { total_bytes: null, free_bytes: null };
  const cases: [DeviceInfo[], number | null, number | null][] = [
    [[CPU], 6 * GIB, null],
    [[CPU, gpu({}), gpu({ device: "cuda:1", free_bytes: 15 * GIB })], 6 * GIB, 7 * GIB],
    [[CPU, gpu(unknown), gpu({ device: "cuda:1", free_bytes: 15 * GIB })], 6 * GIB, GIB],
    [[{ ...CPU, ...unknown }, gpu(unknown)], null, null],
    // What is free may be counted a moment after what there is.
    [[{ ...CPU, total_bytes: 1, free_bytes: 2 }], 0, null],
    // A GPU of Apple uses the machine's memory, and tells its share of it.
    [[CPU, gpu({ device: "metal", kind: "metal" })], 6 * GIB, null],
    [[], null, null],
  ];
  for (const [devices, memory, vram] of cases) {
    const { history } = stepped([hiveOf({ devices })]);
    history.take();
    const sample = lastOf(history).hives["local"];
    assert.deepEqual([sample?.memory_used_bytes, sample?.vram_used_bytes], [memory, vram]);
  }
});

Deno.test("History has the hives that are connected, and no others", () => {
  const { history } = stepped([
    hiveOf(),
    hiveOf({ name: "attic", state: "unreachable", unreachable: "no" }),
    hiveOf({ name: "cellar", state: "connecting" }),
  ]);
  history.take();
  assert.deepEqual(Object.keys(lastOf(history).hives), ["local"]);
});

Deno.test("History has the rates of workers forgotten that no hive has any more", () => {
  const worker = telemetryWorker();
  const { history, hives } = stepped([hiveOf({ workers: [worker] })]);
  const gone = "worker-gone";
  for (const workerId of [worker.worker_id, gone]) hives.tokens.count({ hive: "local", workerId });
  history.take();
  assert.ok(hives.tokens.rateOf(worker.worker_id) > 0);
  assert.equal(hives.tokens.rateOf(gone), 0);
});

Deno.test("History takes samples from its start to its stop, which ends its readers after the last", async () => {
  const { hives } = stepped();
  const history = new History(hives, { sampleMs: 1 });
  const reader = history.read();
  assert.deepEqual(read(reader), [{ event: "history", samples: [] }]);
  history.start();
  const { signal } = new AbortController();
  for (let seen = 0; seen < 2; seen += read(reader).length) {
    assert.equal(await reader.wait({ timeoutMs: HOUR_MS, signal }), true);
  }
  history.take();
  history.stop();
  assert.equal(reader.ended, false);
  assert.ok(read(reader).length > 0);
  assert.equal(reader.ended, true);
  // The sanitizer of this test sees a timer that is left.
  history.start();
  history.stop();
});

Deno.test("a reader of History waits for the next sample, and for no other reader", async () => {
  const { history } = stepped();
  const [one, other] = [history.read(), history.read()];
  const { signal } = new AbortController();
  assert.equal(await one.wait({ timeoutMs: HOUR_MS, signal }), true, "the history is there");
  read(one);
  assert.equal(await one.wait({ timeoutMs: 0, signal }), false);
  const waiting = one.wait({ timeoutMs: HOUR_MS, signal });
  history.take();
  assert.equal(await waiting, true);
  assert.deepEqual(read(other).map(({ samples }) => samples.length), [1]);
});

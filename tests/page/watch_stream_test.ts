import assert from "node:assert/strict";
import { SignalBell } from "../../src/base/signal_bell.ts";
import { JobRecording } from "../../src/page/job_recording.ts";
import { type Connection, WatchStream } from "../../src/page/watch_stream.ts";
import { startCuttableProxy } from "../helpers/cuttable_proxy.ts";
import { WatchServer } from "../helpers/watch_server.ts";

const JOB = "job-0190a5e2-0000-7000-8000-000000000001";
const OTHER = "job-0190a5e2-0000-7000-8000-000000000002";
const SILENCE_MS = 40_000;

/** A stream whose pauses end at once, or when the test says so, and what it tells. */
class Reading implements AsyncDisposable {
  readonly stream: WatchStream;
  readonly events: { name: string; data: unknown }[] = [];
  readonly connections: Connection[] = [];
  /** The pauses before it tried again, in the order in which they began. */
  readonly pausesMs: number[] = [];
  token: string | undefined;
  /** The clock that it reads. */
  nowMs = 0;
  /** Takes an event, beside the list of them. */
  take = () => {};
  /** Ends the patience of the stream with a silent queen. */
  giveUp = () => {};
  readonly #bell = new SignalBell();

  constructor(origin: string, options: { pauses?: boolean } = {}) {
    this.stream = new WatchStream({
      origin,
      headers: () => this.token === undefined ? {} : { Authorization: `Bearer ${this.token}` },
      onEvent: (name, data) => {
        this.events.push({ name, data });
        this.#bell.ring();
        this.take();
      },
      onConnection: (connection) => {
        this.connections.push(connection);
        this.#bell.ring();
      },
      now: () => this.nowMs,
      after: (ms, ring) => {
        if (ms === SILENCE_MS) {
          this.giveUp = ring;
          return () => {};
        }
        this.pausesMs.push(ms);
        this.#bell.ring();
        if (options.pauses === true) return () => {};
        const timer = setTimeout(ring, 0);
        return () => clearTimeout(timer);
      },
    });
  }

  /** Resolves when something holds; it is looked at whenever the stream has told something. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#bell.wait();
  }

  /** Watches a job, and resolves when all that it has was read. */
  async readsAll(recording: JobRecording): Promise<void> {
    const ended = Promise.withResolvers<void>();
    const stop = recording.version.subscribe(() => {
      if (recording.end !== undefined) ended.resolve();
    });
    this.stream.watch(recording);
    await ended.promise;
    stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stream.close();
    await this.stream.closed;
  }
}

const seqs = (recording: JobRecording) => recording.entries.map(({ seq }) => seq);
const upTo = (last: number) => Array.from({ length: last }, (_, at) => at + 1);
const isLive = ({ kind }: Connection) => kind === "live";

Deno.test("a stream that is cut at every place of it gives each event once, in order", async () => {
  await using server = new WatchServer();
  server.addJob(JOB, 12);
  await using way = startCuttableProxy(server.url);
  const length = (await server.answerTo(JOB)).length;
  way.cutAfter(upTo(length));
  await using reading = new Reading(way.url);
  const recording = new JobRecording(JOB);

  await reading.readsAll(recording);

  assert.deepEqual(seqs(recording), upTo(13));
  const said = recording.entries.flatMap((entry) => entry.kind === "said" ? [entry.text] : []);
  assert.deepEqual(said, upTo(12).map((n) => `${JOB} sagt ${n}: Bienenkönigin 蜂`));
  const asked = server.requests.filter(({ jobId }) => jobId === JOB).map(({ after }) => after);
  assert.ok(asked.length > 12, `it has connected ${asked.length} times`);
  assert.deepEqual(asked, asked.toSorted((a, b) => a - b), "no resumption goes back");
  assert.equal(asked[0], 0);
});

Deno.test("a stream that wants a token waits until it is opened again with another one", async () => {
  await using server = new WatchServer();
  server.token = "right";
  await using reading = new Reading(server.url);

  await reading.until(() => reading.connections.length > 0);
  assert.deepEqual(reading.connections, [{ kind: "locked", message: "Show a token" }]);
  reading.token = "wrong";
  reading.stream.reopen();
  await reading.until(() => reading.connections.length > 1);
  assert.deepEqual(reading.connections[1], { kind: "locked", message: "Another token" });
  assert.equal(server.requests.length, 2, "who waits for a token does not ask");
  assert.deepEqual(reading.pausesMs, []);

  reading.token = "right";
  reading.stream.reopen();
  await reading.until(() => reading.events.length > 0);
  assert.equal(reading.connections.length, 3);
  assert.deepEqual(reading.connections[2], { kind: "live" });
});

Deno.test("a job that the queen does not have is said to be missing, and the rest goes on", async () => {
  await using server = new WatchServer();
  await using reading = new Reading(server.url);
  await reading.until(() => reading.events.length > 0);
  const recording = new JobRecording(JOB);
  const told = Promise.withResolvers<void>();
  const stop = recording.missing.subscribe((why) => why !== undefined && told.resolve());

  reading.stream.watch(recording);

  await told.promise;
  stop();
  assert.equal(recording.missing.value?.status, 404);
  assert.equal(recording.missing.value?.message, `Cannot find job "${JOB}"`);
  await reading.until(() => reading.events.length > 1);
  assert.deepEqual(server.requests.map(({ jobId }) => jobId), [undefined, JOB, undefined]);
  assert.ok(reading.connections.every(isLive), JSON.stringify(reading.connections));
  assert.deepEqual(reading.pausesMs, []);
});

Deno.test("watching another job while events are on their way mixes none of them", async () => {
  await using server = new WatchServer();
  server.addJob(JOB, 3000);
  server.addJob(OTHER, 3000);
  await using reading = new Reading(server.url);
  const one = new JobRecording(JOB);
  const other = new JobRecording(OTHER);
  let turns = 0;
  const turn = () => {
    const left = [one, other].filter(({ end }) => end === undefined);
    if (left.length === 1) reading.stream.watch(left[0]);
    // Every 50 events, from within the event: as a click comes while a chunk is being read.
    else if (++turns % 50 === 0) reading.stream.watch(turns % 100 === 0 ? one : other);
  };
  const stops = [one, other].map(({ version }) => version.subscribe(turn));

  await reading.readsAll(one);
  await reading.readsAll(other);

  for (const stop of stops) stop();
  for (const recording of [one, other]) {
    assert.deepEqual(seqs(recording), upTo(3001));
    const strangers = recording.entries.filter((entry) =>
      entry.kind === "said" && !entry.text.startsWith(recording.jobId)
    );
    assert.deepEqual(strangers, []);
  }
  const switches = server.requests.filter(({ after }) => after > 0 && after < 3001);
  assert.ok(switches.length > 10, `it was switched in the middle ${switches.length} times`);
});

Deno.test("the pauses before it tries again grow to five seconds, and begin anew after one that held", async () => {
  await using server = new WatchServer();
  await using way = startCuttableProxy(server.url);
  way.breakDown();
  await using reading = new Reading(way.url);
  await reading.until(() => reading.pausesMs.length >= 7);
  assert.deepEqual(reading.pausesMs.slice(0, 7), [250, 500, 1000, 2000, 4000, 5000, 5000]);
  const { kind } = reading.connections[0]!;
  assert.equal(kind, "lost");

  way.restore();
  await reading.until(() => reading.events.length > 0);
  const before = reading.pausesMs.length;
  reading.nowMs += 5000;
  way.cut();
  await reading.until(() => reading.pausesMs.length > before);
  assert.equal(reading.pausesMs[before], 250);
});

Deno.test("a queen who takes connections and ends them at once is not asked ever faster", async () => {
  await using server = new WatchServer();
  server.endsAtOnce = true;
  await using reading = new Reading(server.url);
  await reading.until(() => reading.pausesMs.length >= 4);
  assert.deepEqual(reading.pausesMs.slice(0, 4), [250, 500, 1000, 2000]);
});

Deno.test("a queen who answers and ends each answer is not asked ever faster", async () => {
  await using server = new WatchServer();
  server.endsAfterViewer = true;
  await using reading = new Reading(server.url);
  await reading.until(() => reading.pausesMs.length >= 4);
  assert.deepEqual(reading.pausesMs.slice(0, 4), [250, 500, 1000, 2000]);
  assert.ok(reading.events.length >= 4);
});

Deno.test("a defect of the page is reported as one, and not taken for a lost queen", async () => {
  await using server = new WatchServer();
  server.addJob(JOB, 3);
  const reported: unknown[] = [];
  const onError = (event: ErrorEvent) => {
    event.preventDefault();
    reported.push(event.error);
  };
  addEventListener("error", onError);
  try {
    await using reading = new Reading(server.url);
    const defect = new TypeError("a defect of the page");
    reading.take = () => {
      throw defect;
    };
    const recording = new JobRecording(JOB);
    await reading.readsAll(recording);
    assert.ok(reported.includes(defect));
    assert.ok(reading.connections.every(isLive), JSON.stringify(reading.connections));
    assert.deepEqual(reading.pausesMs, []);
  } finally {
    removeEventListener("error", onError);
  }
});

Deno.test("a job that was read to its end is not asked for again", async () => {
  await using server = new WatchServer();
  server.addJob(JOB, 3);
  await using reading = new Reading(server.url);
  const recording = new JobRecording(JOB);
  await reading.readsAll(recording);
  const before = server.requests.length;
  reading.stream.reopen();
  await server.arrived(before + 1);
  assert.equal(server.requests.at(-1)?.jobId, undefined);
  assert.equal(recording.missing.value, undefined);
});

Deno.test("a stream that rests holds no connection, and goes on where it was left", async () => {
  await using server = new WatchServer();
  server.addJob(JOB, 3000);
  await using reading = new Reading(server.url);
  const recording = new JobRecording(JOB);
  const half = Promise.withResolvers<void>();
  const stop = recording.version.subscribe(() => {
    if (recording.lastSeq !== 1500) return;
    reading.stream.rest();
    half.resolve();
  });
  reading.stream.watch(recording);
  await half.promise;
  await server.allGone();
  const before = server.requests.length;
  // A second rest must not open it.
  reading.stream.rest();

  reading.stream.wake();

  await reading.readsAll(recording);
  stop();
  assert.deepEqual(seqs(recording), upTo(3001));
  assert.deepEqual(server.requests.slice(before), [{ jobId: JOB, after: 1500 }]);
  assert.ok(reading.connections.every(isLive), JSON.stringify(reading.connections));
});

Deno.test("a queen who says when to come back is asked then", async () => {
  await using server = new WatchServer();
  server.retryAfterS = 7;
  await using reading = new Reading(server.url, { pauses: true });
  await reading.until(() => reading.pausesMs.length > 0);
  assert.deepEqual(reading.pausesMs, [7000]);
  const [lost] = reading.connections;
  assert.ok(lost?.kind === "lost");
  assert.equal(lost.message, "The queen is starting");
  server.retryAfterS = undefined;
  reading.stream.reopen();
  await reading.until(() => reading.events.length > 0);
  assert.deepEqual(reading.connections.at(-1), { kind: "live" });
});

for (const when of ["before she answers", "while she answers"] as const) {
  Deno.test(`a queen who falls silent ${when} is given up and asked again`, async () => {
    await using server = new WatchServer();
    server.isHalted = when === "before she answers";
    await using reading = new Reading(server.url);
    if (server.isHalted) await server.arrived(1);
    else await reading.until(() => reading.events.length > 0);
    server.isHalted = false;
    const heard = reading.events.length;

    reading.giveUp();

    await reading.until(() => reading.events.length > heard);
    const lost = reading.connections.find(({ kind }) => kind === "lost");
    assert.ok(lost?.kind === "lost");
    assert.equal(lost.message, "Nothing came from the queen for 40 s");
  });
}

for (
  const [when, prepare] of [
    ["connects", (server: WatchServer) => void (server.isHalted = true)],
    ["waits for a token", (server: WatchServer) => void (server.token = "right")],
    ["waits to try again", (server: WatchServer) => void (server.retryAfterS = 60)],
    ["reads", () => {}],
  ] as const
) {
  Deno.test(`a stream closed while it ${when} leaves nothing open`, async () => {
    await using server = new WatchServer();
    prepare(server);
    const reading = new Reading(server.url, { pauses: true });
    await server.arrived(1);
    if (!server.isHalted) await reading.until(() => reading.connections.length > 0);
    reading.stream.close();
    await reading.stream.closed;
    await server.allGone();
    assert.equal(server.requests.length, 1);
  });
}

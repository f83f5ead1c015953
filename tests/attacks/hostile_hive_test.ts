import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import { newJobId } from "../../src/jobs/job_id.ts";
import {
  endless,
  HostileHive,
  json,
  long,
  type RawAnswer,
  type RawRequest,
  stream,
} from "../helpers/hostile_hive.ts";
import { mostMemoryMib } from "../helpers/process_memory.ts";
import { enginesAsModels, fixtureEngine, SupervisedHome } from "../helpers/supervised_home.ts";

const AT = "2026-01-31T12:00:00.123Z";
const GIBIBYTE = 1024 ** 3;
// Far below what is sent, and above what a parser needs for the largest event that it takes.
const MOST_GROWTH_MIB = 512;
const ASK = { operation: "infer", model: "good", prompt: "Fly", max_tokens: 2 };
const BAIT = { operation: "infer", model: "bait", prompt: "Fly", max_tokens: 2 };

/** A home with an honest hive of its own and a hostile one, which the queen knows as `bad`. */
class Besieged implements AsyncDisposable {
  readonly hive = new HostileHive();
  readonly home: SupervisedHome;
  #begun = 0;

  private constructor(home: SupervisedHome) {
    this.home = home;
  }

  static async begin(): Promise<Besieged> {
    const home = await SupervisedHome.up(enginesAsModels({ good: fixtureEngine() }));
    const besieged = new Besieged(home);
    try {
      await home.spawn("good");
      const added = await home.rbee.rbee(["hive", "add", "bad", "--url", besieged.hive.url]);
      assert.equal(added.code, 0, added.stderr);
      await besieged.assertOthersAreWell();
      besieged.#begun = await besieged.#memory();
      return besieged;
    } catch (error) {
      await besieged[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Breaks the connection off and has the queen make another at once. */
  async reconnect(): Promise<void> {
    this.hive.cut();
    await this.home.run({ operation: "hive_get", name: "bad" });
  }

  /** Asserts that the queen answers for her other hive, and has not taken in what was thrown at her. */
  async assertOthersAreWell(): Promise<void> {
    const end = await this.home.run(ASK);
    assert.equal(end.type, "done", JSON.stringify(end));
    if (this.#begun === 0) return;
    const grown = await this.#memory() - this.#begun;
    assert.ok(grown < MOST_GROWTH_MIB, `the queen has taken ${Math.round(grown)} MiB more`);
  }

  async #memory(): Promise<number> {
    return await mostMemoryMib((await this.home.rbee.daemon("queen")).pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.home[Symbol.asyncDispose]();
    await this.hive[Symbol.asyncDispose]();
  }
}

const isHealth = ({ path }: RawRequest) => path === "/health";
const isTelemetry = ({ path }: RawRequest) => path === "/v1/telemetry/stream";
const isSubmit = ({ method, path }: RawRequest) => method === "POST" && path.includes("/proxy/");

/** What a hive may be that is asked how it is, and what is said of it. */
const CONNECTIONS: [what: string, at: (r: RawRequest) => boolean, answer: () => RawAnswer][] = [
  ["has headers without end", isHealth, () => endless("HTTP/1.1 200 OK\r\n", "X-A: b\r\n")],
  ["has one header of a gibibyte", isHealth, () => long("HTTP/1.1 200 OK\r\nX-A: ", GIBIBYTE)],
  ["answers with a gibibyte of JSON", isHealth, () => long(json('{"status":"'), GIBIBYTE)],
  ["answers with JSON that is nested", isHealth, () => json("[".repeat(60_000))],
  ["answers with what is compressed a thousandfold", isHealth, () => bomb("application/json")],
  ["answers with another type", isHealth, () => json('{"status":5,"role":[]}')],
  ["is of a version that is none", isHealth, () => json(health("\\u001b[2J\\r\\nX: y"))],
  ["speaks no HTTP", isHealth, () => "\u0000\u0001 nonsense\r\n\r\n"],
  ["says a line of a gibibyte", isTelemetry, () => long(stream("data: "), GIBIBYTE)],
  ["says comments without end", isTelemetry, () => endless(stream(), ": x\n".repeat(5000))],
  ["says a field without end", isTelemetry, () => endless(stream("event: "), "x".repeat(9000))],
  ["says what is compressed a thousandfold", isTelemetry, () => bomb("text/event-stream")],
];

function health(version: string): string {
  return `{"status":"ok","role":"hive","version":"${version}","instance":"x","uptime_ms":1e999}`;
}

function bomb(type: string): Iterable<string | Uint8Array> {
  const head = `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Encoding: gzip\r\n` +
    "Connection: close\r\n\r\n";
  return [head, gzipSync(new Uint8Array(GIBIBYTE / 4).fill(0x61))];
}

Deno.test("a hive that does not keep to the protocol is out of reach, and takes nobody with it", async () => {
  await using besieged = await Besieged.begin();
  const { hive, home } = besieged;
  for (const [what, at, answer] of CONNECTIONS) {
    const met = hive.next(at);
    hive.attack = (request) => at(request) ? answer() : undefined;
    await besieged.reconnect();
    await met;
    await besieged.assertOthersAreWell();
    if (what.includes("comments")) continue;
    const { hives } = await home.untilQueenShows(({ hives }) =>
      hives.some(({ name, state }) => name === "bad" && state === "unreachable")
    );
    const { error = "" } = hives.find(({ name }) => name === "bad")!;
    // deno-lint-ignore no-control-regex -- it is what must not be there
    assert.ok(/^[^\x00-\x1f\x7f-\x9f]{10,1000}$/.test(error), `${what}: ${error.slice(0, 300)}`);
  }
  hive.attack = undefined;
  await besieged.reconnect();
  await home.untilQueenShows(({ hives }) =>
    hives.some(({ name, state }) => name === "bad" && state === "connected")
  );
});

Deno.test("a hive that leads elsewhere is not followed, and its token and what is asked stay here", async () => {
  await using besieged = await Besieged.begin();
  const { hive, home } = besieged;
  await using elsewhere = new HostileHive();
  const file = `${home.rbee.path}/bad.token`;
  const token = "sesame-opens-nothing-else";
  await Deno.writeTextFile(file, token);
  const again = ["hive", "add", "bad2", "--url", hive.url, "--token-file", file];
  assert.equal((await home.rbee.rbee(again)).code, 0);
  for (const status of ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"]) {
    for (const at of [isHealth, isTelemetry, isSubmit]) {
      const met = hive.next(at);
      hive.attack = (request) =>
        at(request)
          ? `HTTP/1.1 ${status}\r\nLocation: ${elsewhere.url}${request.path}\r\n` +
            "Content-Length: 0\r\nConnection: close\r\n\r\n"
          : undefined;
      await besieged.reconnect();
      if (at === isSubmit) {
        const end = await home.run(BAIT);
        assert.ok(end.type === "error", JSON.stringify(end));
      } else await met;
    }
  }
  assert.ok(hive.asked.some(({ headers }) => headers.includes(token)), "it was shown to the hive");
  assert.deepEqual(elsewhere.asked, []);
  await besieged.assertOthersAreWell();
});

Deno.test("what a hive says of itself changes nothing but itself", async () => {
  await using besieged = await Besieged.begin();
  const { hive, home } = besieged;
  const [good] = await home.workers();
  const { worker } = hive;
  const beats: Record<string, unknown>[] = [
    { workers: [{ ...worker, memory_bytes: 1e308, requests: -5 }] },
    { workers: [{ ...worker, requests: 9e15, waiting: 9e15, uptime_ms: 1e308 }] },
    { load: [1e308, 1e308, 1e308], models: [{ name: "good", bytes: 9e15 }] },
    { places: { total: 9e15, free: 9e15, pinned: 0, waiting: 0, max_waiting: 9e15 } },
    { workers: [{ ...worker, worker_id: good!.worker_id, hive: "local", model: "good" }] },
    { workers: [{ ...worker, model: "a\u001b[2J\nb", engine: "\r\n", url: "file:///etc/passwd" }] },
    { ["__proto__"]: { polluted: true }, constructor: { prototype: { polluted: true } } },
    { hive: "local", version: "0.0.0", devices: "none" },
    { workers: Array.from({ length: 2000 }, () => worker) },
  ];
  for (const fields of beats) {
    const met = hive.next(isTelemetry);
    hive.attack = (request) => isTelemetry(request) ? stream(hive.beat(fields)) : undefined;
    await besieged.reconnect();
    await met;
    const end = await home.run(ASK);
    assert.ok(end.type === "done", `${JSON.stringify(fields).slice(0, 300)}: ${end.type}`);
    assert.equal((end.result as { worker_id: string }).worker_id, good!.worker_id);
    const shown = await home.rbee.rbee(["worker", "list"]);
    assert.equal(shown.code, 0, shown.stderr);
    // deno-lint-ignore no-control-regex -- it is what must not be there
    assert.doesNotMatch(shown.stdout, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  }
  const stopped = await home.run({ operation: "worker_stop", worker_id: good!.worker_id });
  assert.equal(stopped.type, "done", "a forged id leads nobody away from the worker that has it");
});

const other = newJobId();
const event = (type: string, seq: number, data: Record<string, unknown>) =>
  `id: ${seq}\nevent: ${type}\ndata: ${JSON.stringify({ seq, at: AT, ...data })}\n\n`;
const token = (seq: number, i: number, text = "a") => event("token", seq, { text, i });
const done = (seq: number) =>
  event("done", seq, {
    result: { model: "bait" },
    usage: { prompt_tokens: 1, completion_tokens: 1 },
  });
const said = (seq: number, fields: Record<string, unknown>) =>
  event("narration", seq, {
    actor: "worker",
    action: "infer",
    human: "forged",
    level: "info",
    job_id: other,
    correlation_id: "00000000-0000-4000-8000-000000000000",
    formatted: "x",
    ...fields,
  });

/** What a hive may answer a job with, and how the job ends. */
const STREAMS: [what: string, answer: () => RawAnswer, end: JobEvent["type"]][] = [
  ["a schema of its own", () => stream(event("token", 1, { text: 5, i: "x" })), "error"],
  ["no JSON", () => stream("event: token\ndata: {nonsense\n\n"), "error"],
  [
    "numbers that go backwards",
    () => stream(token(5, 0), token(4, 1), token(1, 2), done(6)),
    "done",
  ],
  ["an event twice", () => stream(token(1, 0), token(1, 0), done(2)), "done"],
  ["numbers that are none", () => stream(`event: token\ndata: {"seq":1e999}\n\n`), "error"],
  [
    "two ends",
    () => stream(token(1, 0), done(2), event("error", 3, { code: "x", message: "y" })),
    "done",
  ],
  ["events after its end", () => stream(done(1), token(2, 0, "too late")), "done"],
  ["events of another job", () => stream(said(1, {}), done(2)), "done"],
  ["a name that is not its own", () => stream(said(1, { actor: "queen" }), done(2)), "done"],
  [
    "keys of a prototype",
    () => stream(said(1, { fields: JSON.parse('{"__proto__":{"polluted":true}}') }), done(2)),
    "done",
  ],
  ["a gap of all numbers", () => stream(event("gap", 1, { from: 1, to: 9e15 }), done(2)), "done"],
  ["a token of a gibibyte", () => long(stream('event: token\ndata: {"text":"'), GIBIBYTE), "error"],
  ["a refusal of a gibibyte", () => long(json('{"error":{"code":"', "500 No"), GIBIBYTE), "error"],
  ["another type", () => json('{"job_id":"../../x"}'), "error"],
  [
    "a code of its own",
    () => stream(event("error", 1, { code: "__proto__", message: "a\u001b[2J\r\nb" })),
    "error",
  ],
];

Deno.test("what a hive answers a job with ends that job in words, and reaches no other", async () => {
  await using besieged = await Besieged.begin();
  const { hive, home } = besieged;
  for (const [what, answer, type] of STREAMS) {
    hive.attack = (request) => isSubmit(request) ? answer() : undefined;
    await home.untilQueenShows(({ hives }) =>
      hives.some(({ name, state }) => name === "bad" && state === "connected")
    );
    const job = await home.watch(BAIT);
    const end = await job.end;
    assert.equal(end.type, type, `${what}: ${JSON.stringify(end).slice(0, 1000)}`);
    const { events } = job;
    assert.deepEqual(
      events.map(({ type }, at) => "seq" in events[at]! && type),
      events.map((e) => e.type),
    );
    events.forEach((each, at) => assert.equal("seq" in each && each.seq, at + 1, what));
    for (const each of events) {
      if (each.type !== "narration") continue;
      assert.equal(each.job_id, job.jobId);
      const isOurs = ["queen", "keeper"].includes(each.actor) ||
        each.actor.startsWith("hive:local");
      if (each.human === "forged") assert.ok(!isOurs, `${what}: said by ${each.actor}`);
    }
    assert.equal(events.filter(({ type }) => type === "done" || type === "error").length, 1, what);
    if (end.type === "error") {
      assert.ok(end.message.length < 2000);
      const asked = await fetch(`${home.queen.baseUrl}/v1/completions`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ model: "bait", prompt: "Fly" }),
      });
      assert.ok(asked.status >= 400, `${what}: ${asked.status}`);
      assert.equal(typeof (await asked.json()).error.message, "string");
    }
    await besieged.assertOthersAreWell();
  }
  await assert.rejects(home.queen.get(other), { code: "job_not_found" });
});

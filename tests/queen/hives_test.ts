import assert from "node:assert/strict";
import { join } from "node:path";
import { v7 } from "uuid";
import { SignalBell } from "../../src/base/signal_bell.ts";
import type { Paths } from "../../src/config/paths.ts";
import { hiveInfoSchema } from "../../src/contracts/hive.ts";
import type { HiveTelemetry } from "../../src/contracts/telemetry.ts";
import { startRoleServer } from "../../src/jobs/role_server.ts";
import { writePidFile } from "../../src/process/pid_file.ts";
import { Hives, urlOf } from "../../src/queen/hives.ts";
import type { KnownHive } from "../../src/queen/known_hive.ts";
import { VERSION } from "../../src/version.ts";
import { runCaptured, shell } from "../helpers/captured_child.ts";
import { ScriptedHive, telemetryWorker } from "../helpers/scripted_hive.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { TestHive } from "../helpers/test_hive.ts";

/** A home whose hive is whatever a test writes into the pid file. */
class Home implements AsyncDisposable {
  readonly folder: TemporaryFolder;
  readonly hives: Hives;
  readonly #bell = new SignalBell();

  private constructor(folder: TemporaryFolder, paths: Paths) {
    this.folder = folder;
    this.hives = new Hives(paths, { onChange: () => this.#bell.ring() });
  }

  static async make(): Promise<Home> {
    const folder = await TemporaryFolder.make();
    const { path } = folder;
    return new Home(folder, {
      config: join(path, "config"),
      state: path,
      data: join(path, "data"),
      cache: join(path, "cache"),
    });
  }

  /** Resolves when what is known of the hives matches. */
  async until(matches: (known: KnownHive[]) => boolean): Promise<void> {
    while (!matches(this.hives.known())) await this.#bell.wait();
  }

  /** Says in the pid file that this process is the hive, at `url`. */
  async name(url: string): Promise<void> {
    await writePidFile(this.folder.join("hive.pid"), { instance: v7(), url });
  }

  /** Writes any pid file. */
  async write(text: string): Promise<void> {
    await Deno.writeTextFile(this.folder.join("hive.pid"), text);
  }

  /** Why the one hive cannot be used. */
  async reason(): Promise<string | undefined> {
    const known = await this.hives.ask();
    assert.equal(known.length, 1);
    assert.deepEqual([known[0]!.name, known[0]!.version, known[0]!.workers], ["local", null, []]);
    return known[0]!.unreachable;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hives.close();
    await this.folder[Symbol.asyncDispose]();
  }
}

Deno.test("Hives.ask() knows no hive without a pid file", async () => {
  await using home = await Home.make();
  assert.deepEqual(await home.hives.ask(), []);
  assert.deepEqual(await home.hives.list(), []);
  assert.deepEqual(await home.hives.workers(), []);
});

for (const text of ["", "4711\n", "{}", '{"pid":1}', "[]", "\u0000"]) {
  Deno.test(`Hives.ask() knows no hive by a pid file that holds ${JSON.stringify(text)}`, async () => {
    await using home = await Home.make();
    await home.write(text);
    assert.deepEqual(await home.hives.ask(), []);
  });
}

Deno.test("Hives.ask() says of a stale pid file that the hive has ended", async () => {
  await using home = await Home.make();
  const { child } = await runCaptured(shell("exit 0"));
  const stale = {
    pid: child.pid,
    start_time: child.startTime,
    executable: null,
    instance: v7(),
    url: "http://127.0.0.1:7835",
  };
  await home.write(JSON.stringify(stale));
  assert.equal(await home.reason(), "it has ended; start it with rbee up");
  assert.equal((await home.hives.ask())[0]?.mayReturn, false);
});

Deno.test("Hives.ask() for a hive that is not one of hers knows this machine's, at once too", async () => {
  await using home = await Home.make();
  await using hive = new TestHive();
  await home.name(hive.url);
  const known = await home.hives.ask("attic");
  assert.deepEqual(known.map(({ name, state }) => [name, state]), [["local", "connected"]]);
});

Deno.test("Hives.ask() is not taken in by another process with the pid of one that has ended", async () => {
  await using home = await Home.make();
  await using hive = new TestHive();
  await home.write(JSON.stringify({
    pid: Deno.pid,
    start_time: "1",
    executable: null,
    instance: v7(),
    url: hive.url,
  }));
  assert.equal(await home.reason(), "it has ended; start it with rbee up");
});

Deno.test("Hives.ask() says what a process is that is no hive", async () => {
  await using home = await Home.make();
  const queen = startRoleServer({ role: "queen", host: "127.0.0.1", port: 0, handlers: {} });
  queen.health.status = "ok";
  try {
    await home.name(queen.url);
    assert.equal(
      await home.reason(),
      `${queen.url} is a queen; end it with rbee down, then rbee up`,
    );
  } finally {
    await queen.close();
  }
});

Deno.test("Hives.ask() says that a process does not answer as rbee does", async () => {
  await using home = await Home.make();
  await using other = new ScriptedHive();
  other.answer = () => new Response("<html>", { headers: { "Content-Type": "text/html" } });
  await home.name(other.url);
  assert.match(
    await home.reason() ?? "",
    /did not answer with JSON; .*; end it with rbee down, then rbee up$/,
  );
});

Deno.test("Hives.ask() says that nobody answers at the address", async () => {
  await using home = await Home.make();
  const other = new ScriptedHive();
  await other[Symbol.asyncDispose]();
  await home.name(other.url);
  assert.equal(
    await home.reason(),
    `Cannot reach ${other.url}: connection refused; end it with rbee down, then rbee up`,
  );
});

Deno.test("Hives.ask() says that a hive is of another version", async () => {
  await using home = await Home.make();
  await using other = new ScriptedHive();
  other.health = { version: "99.1.2" };
  await home.name(other.url);
  assert.equal(
    await home.reason(),
    `it has version 99.1.2 and the queen ${VERSION}; run rbee down and rbee up`,
  );
});

Deno.test("Hives.ask() takes a hive whose version differs in its last part alone", async () => {
  await using home = await Home.make();
  await using other = new ScriptedHive();
  const version = VERSION.replace(/\d+$/, "999");
  other.health = { version };
  await home.name(other.url);
  const [hive] = await home.hives.ask();
  assert.deepEqual([hive?.unreachable, hive?.version], [undefined, version]);
});

Deno.test("Hives.ask() does not believe a hive whose telemetry is no such thing", async () => {
  await using home = await Home.make();
  await using other = new ScriptedHive();
  other.beat = () => other.send('event: telemetry\ndata: {"workers":[{"worker_id":4711}]}\n\n');
  await home.name(other.url);
  assert.match(await home.reason() ?? "", /sent a "telemetry" that does not fit/);
});

Deno.test("Hives.ask() gives what the hive has, as it is now", async () => {
  await using home = await Home.make();
  await using hive = new TestHive();
  await home.name(hive.url);
  const [before] = await home.hives.ask();
  const { devices, load, models: _models, ...rest } = before!;
  assert.deepEqual(rest, {
    name: "local",
    url: hive.url,
    version: VERSION,
    state: "connected",
    workers: [],
    engines: ["llama"],
    places: { total: 16, free: 16, pinned: 0, waiting: 0, max_waiting: 512 },
    mayReturn: true,
  });
  assert.deepEqual([devices[0]?.kind, load.length], ["cpu", 3]);
  await home.until(([known]) => known?.models[0]?.name === "bee-tiny");
  const worker = await hive.spawn();
  await home.until(([known]) => known?.workers[0]?.state === "ready");
  const [known] = (await home.hives.ask())[0]!.workers as [HiveTelemetry["workers"][number]];
  const { cpu_percent: _, memory_bytes: _m, uptime_ms: _u, memory, removable, ...listed } = known;
  assert.deepEqual(listed, worker);
  assert.ok(memory!.ram_bytes > memory!.mapped_bytes);
  assert.equal(typeof removable, "boolean");
});

Deno.test("Hives.ask() tells whether a hive that cannot be used may come back by itself", async () => {
  const closed = new ScriptedHive();
  await closed[Symbol.asyncDispose]();
  await using other = new ScriptedHive();
  other.health = { role: "worker" };
  for (const [url, mayReturn] of [[closed.url, true], [other.url, false]] as const) {
    await using home = await Home.make();
    await home.name(url);
    assert.equal((await home.hives.ask())[0]?.mayReturn, mayReturn, url);
  }
});

Deno.test("Hives.list() tells a hive's devices and load, and counts the workers that run", async () => {
  await using home = await Home.make();
  await using hive = new ScriptedHive();
  const states = ["starting", "loading", "ready", "stopping", "stopped", "failed"] as const;
  hive.workers = states.map((state) => telemetryWorker({ state }));
  const cpu = { device: "cpu", kind: "cpu", name: "x", total_bytes: 2, free_bytes: 1 } as const;
  const { beat } = hive;
  hive.beat = () => beat.call(hive, { devices: [cpu] });
  await home.name(hive.url);
  const [info] = await home.hives.list();
  assert.deepEqual(hiveInfoSchema.parse(info), {
    name: "local",
    url: hive.url,
    state: "connected",
    version: VERSION,
    devices: [cpu],
    load: [0.5, 0.25, 0],
    workers: 4,
  });
});

Deno.test("Hives.list() tells why a hive is out of reach", async () => {
  await using home = await Home.make();
  const other = new ScriptedHive();
  await other[Symbol.asyncDispose]();
  await home.name(other.url);
  const [info] = await home.hives.list();
  assert.deepEqual(hiveInfoSchema.parse(info), {
    name: "local",
    url: other.url,
    state: "unreachable",
    error: `Cannot reach ${other.url}: connection refused; end it with rbee down, then rbee up`,
    version: null,
    devices: [],
    load: [],
    workers: 0,
  });
});

Deno.test("Hives.workers() gives those of the hive that is named", async () => {
  await using home = await Home.make();
  await using hive = new TestHive();
  await home.name(hive.url);
  const worker = await hive.spawn();
  assert.deepEqual(await home.hives.workers(), [worker]);
  assert.deepEqual(await home.hives.workers("local"), [worker]);
  assert.deepEqual(await home.hives.workers("attic"), []);
});

Deno.test("Hives.workers() gives those that have ended too", async () => {
  await using home = await Home.make();
  await using hive = new TestHive();
  await home.name(hive.url);
  const { worker_id } = await hive.spawn();
  await hive.run({ operation: "worker_stop", worker_id });
  assert.deepEqual((await home.hives.workers()).map(({ state }) => state), ["stopped"]);
});

Deno.test("Hives.known() asks nobody", async () => {
  await using home = await Home.make();
  await using hive = new ScriptedHive();
  await home.name(hive.url);
  assert.deepEqual([home.hives.known(), hive.asked], [[], []]);
  await home.hives.ask();
  const asked = hive.asked.length;
  assert.deepEqual(home.hives.known().map(({ url }) => url), [hive.url]);
  assert.equal(hive.asked.length, asked);
});

Deno.test("Hives.note() takes up a worker of the hive that it names", async () => {
  await using home = await Home.make();
  await using hive = new ScriptedHive();
  await home.name(hive.url);
  await home.hives.ask();
  const [ours, other] = [telemetryWorker(), telemetryWorker()];
  home.hives.note("local", ours);
  home.hives.note("attic", other);
  assert.deepEqual(home.hives.known()[0]?.workers, [ours]);
});

Deno.test("Hives names the workers of an added hive as she names that hive", async () => {
  await using home = await Home.make();
  await using hive = new ScriptedHive();
  home.hives.add("attic", { url: hive.url });
  assert.deepEqual(home.hives.known().map(({ name, state, url }) => [name, state, url]), [
    ["attic", "connecting", null],
  ]);
  const [known] = await home.hives.ask("attic");
  assert.deepEqual([known!.name, known!.state, known!.url], ["attic", "connected", hive.url]);
  home.hives.note("attic", telemetryWorker());
  assert.deepEqual(home.hives.known()[0]!.workers.map((worker) => worker.hive), ["attic"]);
  await home.hives.remove("attic");
  assert.deepEqual(home.hives.known(), []);
});

Deno.test("Hives.ask() waits for no other hive while one is connected", async () => {
  await using home = await Home.make();
  await using hive = new ScriptedHive();
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await home.name(hive.url);
  await home.hives.ask();
  // It takes the connection and never answers.
  home.hives.add("silent", { url: `http://127.0.0.1:${silent.addr.port}` });
  const known = await home.hives.ask();
  assert.deepEqual(known.map(({ name, state }) => [name, state]), [
    ["local", "connected"],
    ["silent", "connecting"],
  ]);
});

Deno.test("Hives.start() connects before anybody asks", async () => {
  await using home = await Home.make();
  await using hive = new ScriptedHive();
  await home.name(hive.url);
  home.hives.start();
  await home.until(([known]) => known?.state === "connected");
});

Deno.test("urlOf() gives the address of a hive or says that it has none", () => {
  const nothing = { workers: [], devices: [], load: [], models: [], engines: [] };
  const hive = { ...nothing, version: null, mayReturn: true };
  const known: KnownHive[] = [
    { ...hive, name: "a", url: "http://a", state: "connected" },
    { ...hive, name: "b", url: null, state: "connecting" },
  ];
  assert.equal(urlOf(known, "a"), "http://a");
  for (const name of ["b", "c"]) {
    assert.throws(() => urlOf(known, name), {
      name: "RbeeError",
      code: "hive_unreachable",
      message: `Hive "${name}" has no address now; see rbee hive list`,
    });
  }
});

Deno.test("Hives.keepOnly() takes up and lets go of hives, and does not touch those that stay", async () => {
  await using home = await Home.make();
  const { hives } = home;
  const [here, there] = [{ url: "http://127.0.0.1:1" }, { url: "http://127.0.0.1:2" }];
  hives.add("stays", here);
  hives.add("moves", here);
  hives.add("goes", here);
  const closed: string[] = [];
  const remove = hives.remove.bind(hives);
  hives.remove = (name) => (closed.push(name), remove(name));
  await hives.keepOnly({ stays: { ...here }, moves: there, comes: there });
  assert.deepEqual(closed, ["moves", "goes"]);
  assert.deepEqual(["local", "stays", "moves", "goes", "comes"].map((name) => hives.has(name)), [
    ...[true, true, true, false, true],
  ]);
  delete (hives as Partial<Hives>).remove;
});

Deno.test("Hives.whyLost() tells why a hive will not come back, and nothing of one that may", async () => {
  await using hive = new ScriptedHive();
  await using home = await Home.make();
  await home.name(hive.url);
  home.hives.start();
  await home.until(([local]) => local?.state === "connected");
  assert.equal(home.hives.whyLost("local"), undefined);
  assert.equal(home.hives.whyLost("no-such-hive"), undefined);

  // Its process is there, and does not answer.
  hive.answer = () => new Response("busy", { status: 500 });
  hive.endStreams();
  await home.until(([local]) => local?.state === "unreachable");
  assert.equal(home.hives.known()[0]!.mayReturn, true);
  assert.equal(home.hives.whyLost("local"), undefined);

  const { pid, exit } = await runCaptured(shell("exit 0")).then(({ child, exit }) => ({
    pid: child.pid,
    exit,
  }));
  assert.equal(exit.code, 0);
  const file = JSON.parse(await Deno.readTextFile(home.folder.join("hive.pid")));
  await home.write(JSON.stringify({ ...file, pid }));
  await home.hives.ask();
  assert.equal(home.hives.whyLost("local"), "it has ended; start it with rbee up");

  await Deno.remove(home.folder.join("hive.pid"));
  await home.until((known) => known.length === 0);
  assert.equal(home.hives.whyLost("local"), "it has ended; start it with rbee up");

  // Who asks has it looked for, though nobody waits for that.
  hive.answer = undefined;
  await home.name(hive.url);
  home.hives.whyLost("local");
  await home.until(([local]) => local?.state === "connected");
  assert.equal(home.hives.whyLost("local"), undefined);
});

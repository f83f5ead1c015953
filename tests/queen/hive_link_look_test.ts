import assert from "node:assert/strict";
import type { HivePlace } from "../../src/queen/hive_link.ts";
import { Gates } from "../helpers/gates.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { ScriptedHive, telemetryWorker } from "../helpers/scripted_hive.ts";
import { WatchedLink } from "../helpers/watched_link.ts";

const HOUR_MS = 3_600_000;

Deno.test("HiveLink.look() gives the hive of the first attempt", async () => {
  await using hive = new ScriptedHive();
  await using watched = new WatchedLink(hive.url);
  assert.equal((await watched.link.look())?.state, "connected");
  assert.equal(watched.finds, 1);
});

Deno.test("HiveLink.look() asks nobody while it is connected", async () => {
  await using hive = new ScriptedHive();
  await using watched = new WatchedLink(hive.url);
  const view = await watched.connected();
  const asked = hive.asked.length;
  assert.equal(await watched.link.look(), view);
  assert.deepEqual([hive.asked.length, watched.finds], [asked, 1]);
});

Deno.test("HiveLink.look() makes one attempt for each who asks of a hive that does not answer", async () => {
  await using watched = new WatchedLink({ url: "http://127.0.0.1:1", runs: false });
  for (let n = 1; n <= 5; n++) {
    assert.equal((await watched.link.look())?.state, "unreachable");
    assert.equal(watched.finds, n);
  }
});

Deno.test("HiveLink.look() connects at once though the backoff would wait for long", async () => {
  await using hive = new ScriptedHive();
  await using watched = new WatchedLink(undefined, { beatMs: HOUR_MS });
  // The wait after each attempt doubles: by now it is most of an hour.
  for (let n = 0; n < 15; n++) assert.equal(await watched.link.look(), undefined);
  watched.place = { url: hive.url, runs: true };
  assert.equal((await watched.link.look())?.state, "connected");
});

Deno.test("HiveLink waits briefly again after a beat, however long it had waited before", async () => {
  await using hive = new ScriptedHive();
  await using watched = new WatchedLink(undefined, { beatMs: HOUR_MS });
  for (let n = 0; n < 15; n++) await watched.link.look();
  watched.place = { url: hive.url, runs: true };
  await watched.link.look();
  hive.endStreams();
  await watched.unreachable();
  // Nobody asks, so only its own next attempt can bring it back.
  await watched.connected();
});

Deno.test("HiveLink.look() does not trust an attempt that began before it", async () => {
  await using hive = new ScriptedHive();
  await using watched = new WatchedLink(hive.url);
  const gates = new Gates();
  const places: (HivePlace | undefined)[] = [undefined, { url: hive.url, runs: true }];
  watched.find = async () => {
    const { finds } = watched;
    await gates.pass(`find ${finds}`);
    return places[finds - 1];
  };
  watched.link.start();
  await gates.reached("find 1");
  // It will say that there is none, and has looked before anybody asked.
  const looking = watched.link.look();
  gates.open("find 1");
  await gates.reached("find 2");
  gates.open("find 2");
  assert.equal((await looking)?.state, "connected");
});

Deno.test("HiveLink.look() of many at once makes no more attempts than one after the other needs", async () => {
  await using watched = new WatchedLink({ url: "http://127.0.0.1:1", runs: false });
  const views = await Promise.all(Array.from({ length: 50 }, () => watched.link.look()));
  assert.ok(views.every((view) => view?.state === "unreachable"));
  assert.ok(watched.finds <= 2, `${watched.finds} attempts`);
});

Deno.test("HiveLink.refresh() gives the workers as the hive lists them, ended ones too", async () => {
  await using hive = new ScriptedHive();
  hive.workers = [telemetryWorker()];
  await using watched = new WatchedLink(hive.url);
  await watched.connected();
  const { cpu_percent: _, memory_bytes: _m, uptime_ms: _u, ...ended } = telemetryWorker({
    state: "failed",
    error: { code: "exited", message: "It ended", details: { last_lines: ["oh"] } },
  });
  hive.answer = (path) => path === "/v1/workers" ? Response.json({ workers: [ended] }) : undefined;
  assert.deepEqual((await watched.link.refresh())?.workers, [ended]);
  assert.deepEqual(watched.view?.workers, hive.workers, "what it knows is what telemetry says");
});

for (
  const [what, answer] of [
    ["fails", () => new Response("no", { status: 500 })],
    ["is no such list", () => Response.json({ workers: [{ worker_id: 4711 }] })],
  ] as const
) {
  Deno.test(`HiveLink.refresh() gives what is known where the hive's list ${what}`, async () => {
    await using hive = new ScriptedHive();
    hive.workers = [telemetryWorker()];
    hive.answer = (path) => path === "/v1/workers" ? answer() : undefined;
    await using watched = new WatchedLink(hive.url);
    assert.deepEqual((await watched.link.refresh())?.workers, hive.workers);
  });
}

Deno.test("HiveLink.refresh() asks no list of a hive that is not connected", async () => {
  await using hive = new ScriptedHive();
  hive.health = { status: "stopping" };
  await using watched = new WatchedLink(hive.url);
  assert.equal((await watched.link.refresh())?.state, "unreachable");
  assert.deepEqual(hive.asked, ["/health"]);
});

Deno.test("HiveLink.note() takes up a worker before telemetry brings it, and what it says anew", async () => {
  await using hive = new ScriptedHive();
  const first = telemetryWorker();
  hive.workers = [first];
  await using watched = new WatchedLink(hive.url);
  await watched.connected();
  const second = telemetryWorker({ state: "loading" });
  watched.link.note(second);
  assert.deepEqual(watched.view?.workers, [second, first]);
  watched.link.note({ ...second, state: "ready" });
  assert.deepEqual(watched.view?.workers, [{ ...second, state: "ready" }, first]);
  const { changes } = watched;
  hive.beat();
  await watched.until(() => watched.changes > changes);
  assert.deepEqual(watched.view?.workers, [first], "telemetry has the last word");
});

Deno.test("HiveLink.note() of a hive that is not known is nothing", async () => {
  await using watched = new WatchedLink(undefined);
  watched.link.note(telemetryWorker());
  assert.equal(watched.view, undefined);
});

Deno.test("HiveLink notices a hive that says nothing at all any more", async () => {
  await using hive = new ScriptedHive();
  hive.workers = [telemetryWorker()];
  await using watched = new WatchedLink(hive.url, { beatMs: 20 });
  using said = new RecordedNarration();
  await watched.connected();
  assert.match(
    await watched.unreachable(),
    /\/v1\/telemetry\/stream has been silent for too long;/,
  );
  assert.deepEqual([watched.view?.workers, watched.view?.mayReturn], [[], true]);
  await hive.gates.reached("gone 1");
  assert.equal(said.records[1]?.action, "hive_lost");
  assert.deepEqual((await watched.connected()).workers, hive.workers);
});

for (const [what, hold] of [["an answer", false], ["a beat", true]] as const) {
  Deno.test(`HiveLink does not wait for ever for ${what} to its first request for telemetry`, async () => {
    await using hive = new ScriptedHive();
    const gates = new Gates();
    hive.beatsFirst = false;
    hive.answer = (path) =>
      path === "/health" || hold ? undefined : gates.pass("never").then(() => new Response());
    await using watched = new WatchedLink(hive.url, { beatMs: 20 });
    assert.match(await watched.unreachable(), /silent for too long/);
    gates.openAll();
  });
}

Deno.test("HiveLink.close() closes the connection, and says nothing of it", async () => {
  await using hive = new ScriptedHive();
  const watched = new WatchedLink(hive.url);
  await watched.connected();
  using said = new RecordedNarration();
  await watched.link.close();
  await hive.gates.reached("gone 1");
  await watched.link.close();
  assert.deepEqual([said.records, watched.finds], [[], 1]);
});

Deno.test("HiveLink.close() before it is started, and while it waits for its next attempt", async () => {
  await new WatchedLink(undefined).link.close();
  const watched = new WatchedLink(undefined, { beatMs: HOUR_MS });
  for (let n = 0; n < 15; n++) await watched.link.look();
  await watched.link.close();
  assert.equal(watched.finds, 15);
});

Deno.test("HiveLink.close() in the middle of an attempt", async () => {
  await using hive = new ScriptedHive();
  const gates = new Gates();
  hive.answer = () => gates.pass("health").then(() => undefined);
  const watched = new WatchedLink(hive.url);
  watched.link.start();
  await gates.reached("health");
  await watched.link.close();
  assert.notEqual(watched.view?.state, "connected");
  gates.open("health");
});

Deno.test("HiveLink.look() ends with the link", async () => {
  await using hive = new ScriptedHive();
  const gates = new Gates();
  hive.answer = () => gates.pass("health").then(() => undefined);
  const watched = new WatchedLink(hive.url);
  const order: string[] = [];
  const looking = watched.link.look().then(() => order.push("look"));
  await gates.reached("health");
  const closed = watched.link.close().then(() => order.push("close"));
  await Promise.all([looking, closed]);
  assert.equal(order.at(-1), "close", "it looked on after the link was closed");
  assert.notEqual((await watched.link.look())?.state, "connected");
  gates.open("health");
});

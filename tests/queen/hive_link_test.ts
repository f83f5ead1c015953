import assert from "node:assert/strict";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { startRoleServer } from "../../src/jobs/role_server.ts";
import { narrationContext, withNarrationContext } from "../../src/narration/context.ts";
import { VERSION } from "../../src/version.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { ScriptedHive, telemetryWorker } from "../helpers/scripted_hive.ts";
import { WatchedLink } from "../helpers/watched_link.ts";

const ADVICE = "end it with rbee down, then rbee up";

/** What was narrated of hives, as action and sentence. */
function saidOf(said: RecordedNarration): string[] {
  return said.records.filter(({ action }) => action.startsWith("hive_"))
    .map(({ action, human }) => `${action}: ${human}`);
}

Deno.test("HiveLink knows nothing before it is started, and asks nobody", async () => {
  await using hive = new ScriptedHive();
  await using watched = new WatchedLink(hive.url);
  assert.equal(watched.view, undefined);
  assert.deepEqual([watched.finds, hive.asked], [0, []]);
});

Deno.test("HiveLink takes what the hive says of itself", async () => {
  await using hive = new ScriptedHive();
  hive.workers = [telemetryWorker()];
  await using watched = new WatchedLink(hive.url);
  assert.deepEqual(await watched.connected(), {
    name: "local",
    url: hive.url,
    version: VERSION,
    state: "connected",
    workers: hive.workers,
    devices: [],
    load: [0.5, 0.25, 0],
    models: [],
    engines: ["llama"],
    mayReturn: true,
  });
  assert.deepEqual(hive.asked, ["/health", "/v1/telemetry/stream"]);
});

Deno.test("HiveLink follows each beat, and tells of each", async () => {
  await using hive = new ScriptedHive();
  await using watched = new WatchedLink(hive.url);
  await watched.connected();
  for (const state of ["starting", "loading", "ready", "stopped"] as const) {
    const { changes } = watched;
    hive.workers = [telemetryWorker({ state })];
    hive.beat();
    await watched.until(() => watched.changes > changes);
    assert.deepEqual(watched.view?.workers, hive.workers);
  }
  assert.equal(hive.connections, 1);
});

Deno.test("HiveLink has no workers while the hive is lost, and has them again when it is back", async () => {
  await using hive = new ScriptedHive();
  hive.workers = [telemetryWorker()];
  await using watched = new WatchedLink(hive.url);
  await watched.connected();
  hive.endStreams();
  const view = await watched.until((known) => known?.state === "unreachable");
  assert.deepEqual([view?.workers, view?.version, view?.mayReturn], [[], null, true]);
  assert.equal(view?.unreachable, `${hive.url} ended the connection; ${ADVICE}`);
  assert.deepEqual((await watched.connected()).workers, hive.workers);
  assert.equal(hive.connections, 2);
});

Deno.test("HiveLink says once that it is connected, and once that it is lost", async () => {
  await using hive = new ScriptedHive();
  await using watched = new WatchedLink(hive.url);
  using said = new RecordedNarration();
  await watched.connected();
  for (const count of [2, 3]) {
    hive.beat();
    await watched.until(() => watched.changes >= count);
  }
  hive.answer = () => new Response("no", { status: 500 });
  hive.endStreams();
  await watched.unreachable();
  // It fails to come back several times.
  for (let n = 0; n < 4; n++) await watched.link.look();
  assert.deepEqual(saidOf(said), [
    `hive_connected: Hive local is connected at ${hive.url}`,
    `hive_lost: Lost hive local: ${hive.url} ended the connection`,
  ]);
  hive.answer = undefined;
  await watched.link.look();
  assert.equal(watched.view?.state, "connected");
  assert.deepEqual(saidOf(said).slice(2), [
    `hive_connected: Hive local is connected at ${hive.url}`,
  ]);
  assert.deepEqual(said.records.map(({ level }) => level), ["info", "warn", "info"]);
});

Deno.test("HiveLink speaks in nobody's job, whoever asks first", async () => {
  await using hive = new ScriptedHive();
  await using watched = new WatchedLink(hive.url);
  using said = new RecordedNarration();
  await withNarrationContext({ jobId: "job-asks", correlationId: "tie" }, async () => {
    await watched.link.look();
    assert.equal(narrationContext().jobId, "job-asks");
  });
  assert.deepEqual(
    said.records.map(({ action, job_id, correlation_id }) => [action, job_id, correlation_id]),
    [["hive_connected", undefined, undefined]],
  );
});

Deno.test("HiveLink finds a hive that was started again on another port", async () => {
  await using after = new ScriptedHive();
  after.workers = [telemetryWorker()];
  const before = new ScriptedHive();
  await using watched = new WatchedLink(before.url);
  await watched.connected();
  watched.place = { url: after.url, runs: true };
  await before[Symbol.asyncDispose]();
  const view = await watched.until((known) => known?.url === after.url);
  await watched.connected();
  assert.equal(view?.name, "local");
  assert.deepEqual(watched.view?.workers, after.workers);
});

Deno.test("HiveLink knows none when there is none any more", async () => {
  await using hive = new ScriptedHive();
  await using watched = new WatchedLink(hive.url);
  await watched.connected();
  watched.place = undefined;
  hive.endStreams();
  await watched.until((view) => view === undefined);
  assert.equal(await watched.link.look(), undefined);
});

Deno.test("HiveLink tells why it cannot be told where the hive is", async () => {
  await using watched = new WatchedLink(undefined);
  watched.find = () => Promise.reject(new RbeeError("ssh_timeout", "it does not answer"));
  const view = await watched.link.look();
  assert.deepEqual([view?.state, view?.url, view?.mayReturn], ["unreachable", null, false]);
  assert.equal(view?.unreachable, "it does not answer; start it with rbee up");
});

Deno.test("HiveLink does not ask a hive whose process has ended", async () => {
  await using hive = new ScriptedHive();
  await using watched = new WatchedLink({ url: hive.url, runs: false });
  assert.equal(await watched.unreachable(), "it has ended; start it with rbee up");
  assert.equal(watched.view?.mayReturn, false);
  assert.deepEqual(hive.asked, []);
});

for (
  const [what, health, why, mayReturn] of [
    ["of another version", { version: "99.1.2" }, /^it has version 99\.1\.2 and the queen /, false],
    ["that is no hive", { role: "worker" }, / is a worker; end it with rbee down, /, false],
    ["that is starting", { status: "starting" }, /^it is starting; /, true],
    ["that is stopping", { status: "stopping" }, /^it is stopping; /, true],
    ["whose health does not fit", { uptime_ms: -1 }, /answered with something unexpected/, false],
  ] as const
) {
  Deno.test(`HiveLink does not connect to one ${what}, and says why`, async () => {
    await using hive = new ScriptedHive();
    hive.health = health;
    await using watched = new WatchedLink(hive.url);
    assert.match(await watched.unreachable(), why);
    assert.equal(watched.view?.mayReturn, mayReturn);
    assert.equal(hive.connections, 0);
  });
}

Deno.test("HiveLink is not taken in by another role at the address", async () => {
  const queen = startRoleServer({ role: "queen", host: "127.0.0.1", port: 0, handlers: {} });
  queen.health.status = "ok";
  try {
    await using watched = new WatchedLink(queen.url);
    assert.equal(await watched.unreachable(), `${queen.url} is a queen; ${ADVICE}`);
  } finally {
    await queen.close();
  }
});

Deno.test("HiveLink says that nobody answers at the address", async () => {
  const hive = new ScriptedHive();
  await hive[Symbol.asyncDispose]();
  await using watched = new WatchedLink(hive.url);
  assert.equal(
    await watched.unreachable(),
    `Cannot reach ${hive.url}: connection refused; ${ADVICE}`,
  );
  assert.equal(watched.view?.mayReturn, true);
});

for (
  const [what, junk] of [
    ["text", "event: telemetry\ndata: buzz\n\n"],
    ["another form", 'event: telemetry\ndata: {"workers":{}}\n\n'],
    [
      "a worker that is none",
      (hive: ScriptedHive) =>
        hive.beat({ workers: [{ ...telemetryWorker(), state: "asleep" as never }] }),
    ],
  ] as const
) {
  Deno.test(`HiveLink lets go of a hive whose telemetry holds ${what}, and takes it back when it is well`, async () => {
    await using hive = new ScriptedHive();
    hive.workers = [telemetryWorker()];
    await using watched = new WatchedLink(hive.url);
    await watched.connected();
    if (typeof junk === "string") hive.send(junk);
    else junk(hive);
    assert.match(await watched.unreachable(), /sent a "telemetry" that does not fit: /);
    assert.deepEqual(watched.view?.workers, []);
    await hive.gates.reached("gone 1");
    assert.deepEqual((await watched.connected()).workers, hive.workers);
  });
}

for (
  const [what, answer, why] of [
    ["is no stream", () => Response.json({}), /answered with application\/json, not with a stream/],
    [
      "is not there",
      () => new Response("no", { status: 404 }),
      /answered 404, and not as rbee does/,
    ],
  ] as const
) {
  Deno.test(`HiveLink says that a hive's telemetry ${what}`, async () => {
    await using hive = new ScriptedHive();
    hive.answer = (path) => path === "/health" ? undefined : answer();
    await using watched = new WatchedLink(hive.url);
    assert.match(await watched.unreachable(), why);
    assert.equal(watched.view?.mayReturn, false);
  });
}

Deno.test("HiveLink passes over events that it does not know", async () => {
  await using hive = new ScriptedHive();
  hive.beatsFirst = false;
  await using watched = new WatchedLink(hive.url);
  watched.link.start();
  await hive.gates.reached("connected 1");
  hive.send(": keepalive\n\nevent: gossip\ndata: buzz\n\n");
  hive.beat();
  await watched.connected();
  assert.equal(hive.connections, 1);
});

Deno.test("HiveLink does not offer a hive that has not said anything yet", async () => {
  await using hive = new ScriptedHive();
  hive.beatsFirst = false;
  await using watched = new WatchedLink(hive.url);
  watched.link.start();
  await hive.gates.reached("connected 1");
  assert.equal(watched.view?.state, "connecting");
  // Placement sends nothing to a hive that has a reason against it.
  assert.notEqual(watched.view?.unreachable, undefined);
});

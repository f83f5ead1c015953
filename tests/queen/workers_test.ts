import assert from "node:assert/strict";
import type { KnownHive } from "../../src/queen/known_hive.ts";
import { findWorker, stopWorker } from "../../src/queen/workers.ts";
import { startLocalJob } from "../helpers/local_job.ts";

const WORKER = "worker-019c1234-5678-7abc-8def-0123456789ab";
const THERE: KnownHive = {
  name: "attic",
  url: "http://127.0.0.1:1",
  state: "connected",
  version: "0.1.0",
  workers: [],
  devices: [],
  load: [],
  models: [],
  engines: [],
  mayReturn: true,
};
const AWAY: KnownHive = { ...THERE, state: "unreachable", unreachable: "no answer in time" };

Deno.test("stopWorker() waits for a hive that may have the worker before it says that none has", async () => {
  const answers = [[AWAY], [AWAY], [THERE]];
  let asked = 0;
  const hives = {
    refresh: () => Promise.resolve(answers[asked++]!),
    note() {},
    has: () => true,
    whyLost: () => undefined,
  };
  const request = { operation: "worker_stop" as const, worker_id: WORKER };
  const { ended } = startLocalJob((job) => stopWorker(hives, request, job));
  const end = (await ended).at(-1);
  assert.ok(end?.type === "error");
  assert.equal(end.code, "worker_not_found");
  assert.equal(asked, 3);
});

Deno.test("stopWorker() ends its wait when the job is cancelled", async () => {
  const asked = Promise.withResolvers<void>();
  const hives = {
    refresh: () => {
      asked.resolve();
      return Promise.resolve([AWAY]);
    },
    note() {},
    has: () => true,
    whyLost: () => undefined,
  };
  const request = { operation: "worker_stop" as const, worker_id: WORKER };
  const { job, ended } = startLocalJob((running) => stopWorker(hives, request, running));
  await asked.promise;
  job.cancel("enough");
  assert.equal((await ended).at(-1)?.type, "cancelled");
});

Deno.test("findWorker() names what it does not find and the next command", () => {
  assert.throws(() => findWorker([THERE], WORKER), {
    code: "worker_not_found",
    message: /rbee worker list/,
  });
});

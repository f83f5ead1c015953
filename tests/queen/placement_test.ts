import assert from "node:assert/strict";
import type { WorkerInfo } from "../../src/contracts/worker.ts";
import { place, placeSpawn } from "../../src/queen/placement.ts";
import { hiveView, placedWorker as worker } from "../helpers/hive_view.ts";

function hive(name: string, workers: WorkerInfo[] = [], unreachable?: string) {
  return hiveView(name, { workers, unreachable });
}

const REQUEST = { model: "bee-tiny" };

Deno.test("place() chooses the least busy ready worker", () => {
  const idle = worker({ requests: 1 });
  const hives = [
    hive("a", [worker({ requests: 3 }), worker({ requests: 2, waiting: 4 })]),
    hive("b", [idle, worker({ requests: 1, waiting: 1 })]),
  ];
  assert.deepEqual(place(REQUEST, hives), {
    kind: "worker",
    hive: "b",
    workerId: idle.worker_id,
    why: "has bee-tiny loaded (1 request)",
  });
});

Deno.test("place() says that a worker is idle", () => {
  const idle = worker();
  assert.deepEqual(place(REQUEST, [hive("a", [idle])]), {
    kind: "worker",
    hive: "a",
    workerId: idle.worker_id,
    why: "has bee-tiny loaded (idle)",
  });
});

Deno.test("place() chooses the first of workers that are as busy as each other", () => {
  const first = worker({ requests: 2 });
  const hives = [hive("a", [first]), hive("b", [worker({ requests: 1, waiting: 1 })])];
  const placement = place(REQUEST, hives);
  assert.equal(placement.kind === "worker" && placement.workerId, first.worker_id);
});

Deno.test("place() chooses a busy worker that is ready over a hive that is empty", () => {
  const busy = worker({ requests: 9, waiting: 9 });
  const placement = place(REQUEST, [hive("empty"), hive("busy", [busy])]);
  assert.deepEqual([placement.kind, placement.kind !== "none" && placement.hive], [
    "worker",
    "busy",
  ]);
});

for (const state of ["starting", "loading"] as const) {
  Deno.test(`place() chooses the hive whose worker is ${state} over one that is empty`, () => {
    assert.deepEqual(place(REQUEST, [hive("empty"), hive("b", [worker({ state })])]), {
      kind: "spawn",
      hive: "b",
      why: "is already loading bee-tiny",
    });
  });
}

for (const state of ["stopping", "stopped", "failed"] as const) {
  Deno.test(`place() uses no worker that is ${state}`, () => {
    assert.deepEqual(place(REQUEST, [hive("a", [worker({ state })])]), {
      kind: "spawn",
      hive: "a",
      why: "is the only hive connected",
    });
  });
}

Deno.test("place() starts a worker on the hive with the fewest", () => {
  const other = { model: "other" };
  const hives = [
    hive("two", [worker(other), worker(other)]),
    hive("one", [worker({ ...other, state: "stopping" })]),
  ];
  assert.deepEqual(place(REQUEST, hives), {
    kind: "spawn",
    hive: "one",
    why: "has the fewest workers (1)",
  });
});

Deno.test("place() does not count workers that have ended", () => {
  const ended = (["failed", "stopped", "failed"] as const).map((state) => worker({ state }));
  const hives = [hive("a", [worker({ model: "other" })]), hive("b", ended)];
  assert.deepEqual(place(REQUEST, hives), {
    kind: "spawn",
    hive: "b",
    why: "has the fewest workers (0)",
  });
});

const FITS: [string, Partial<WorkerInfo>, Record<string, string>, boolean][] = [
  ["the same model", {}, {}, true],
  ["no other model", { model: "other" }, {}, false],
  ["the device that is asked for", { device: "cuda:1" }, { device: "cuda:1" }, true],
  ["no other device", { device: "cuda:0" }, { device: "cuda:1" }, false],
  ["any device for auto", { device: "cuda:0" }, { device: "auto" }, true],
  ["any device where none is asked for", { device: "cuda:0" }, {}, true],
  ["the engine that is asked for", { engine: "vllm" }, { engine: "vllm" }, true],
  ["no other engine", { engine: "llama" }, { engine: "vllm" }, false],
  ["any engine where none is asked for", { engine: "vllm" }, {}, true],
  ["the hive that is asked for", {}, { hive: "a" }, true],
];

for (const [name, fields, asked, fits] of FITS) {
  Deno.test(`place() takes ${name}`, () => {
    const placement = place({ ...REQUEST, ...asked }, [hive("a", [worker(fields)])]);
    assert.equal(placement.kind, fits ? "worker" : "spawn");
  });
}

Deno.test("place() keeps to the hive that is asked for, though another has the model", () => {
  assert.deepEqual(place({ ...REQUEST, hive: "b" }, [hive("a", [worker()]), hive("b")]), {
    kind: "spawn",
    hive: "b",
    why: "was asked for",
  });
});

Deno.test("place() passes over hives that are out of reach, workers and all", () => {
  const hives = [hive("a", [worker()], "connection refused"), hive("b")];
  assert.deepEqual(place(REQUEST, hives), {
    kind: "spawn",
    hive: "b",
    why: "is the only hive connected",
  });
});

Deno.test("place() tells for each hive why none can be used", () => {
  const hives = [hive("a", [], "it has ended"), hive("b", [], "no answer in time")];
  assert.deepEqual(place(REQUEST, hives), {
    kind: "none",
    code: "hive_unreachable",
    why: 'hive "a": it has ended; hive "b": no answer in time',
  });
});

Deno.test("place() tells why the hive that is asked for cannot be used", () => {
  const hives = [hive("a", [], "it has ended"), hive("b")];
  assert.deepEqual(place({ ...REQUEST, hive: "a" }, hives), {
    kind: "none",
    code: "hive_unreachable",
    why: 'hive "a": it has ended',
  });
});

Deno.test("place() without any hive says how to start one", () => {
  assert.deepEqual(place(REQUEST, []), {
    kind: "none",
    code: "hive_unreachable",
    why: "no hive is known; start one with rbee up",
  });
});

Deno.test("place() names the hives that there are when another is asked for", () => {
  assert.deepEqual(place({ ...REQUEST, hive: "c" }, [hive("a"), hive("b")]), {
    kind: "none",
    code: "hive_unreachable",
    why: 'there is no hive "c" (known: a, b); see rbee hive list',
  });
  assert.deepEqual(place({ ...REQUEST, hive: "c" }, []), {
    kind: "none",
    code: "hive_unreachable",
    why: 'there is no hive "c" (known: none); see rbee hive list',
  });
});

Deno.test("placeSpawn() passes over ready workers and chooses the hive with the fewest", () => {
  const hives = [hive("a", [worker()]), hive("b"), hive("c", [], "it has ended")];
  assert.deepEqual(placeSpawn(REQUEST, hives), {
    kind: "spawn",
    hive: "b",
    why: "has the fewest workers (0)",
  });
  assert.deepEqual(placeSpawn({ ...REQUEST, hive: "a" }, hives), {
    kind: "spawn",
    hive: "a",
    why: "was asked for",
  });
  assert.deepEqual(placeSpawn({ ...REQUEST, hive: "c" }, hives), {
    kind: "none",
    code: "hive_unreachable",
    why: 'hive "c": it has ended',
  });
  assert.equal(placeSpawn(REQUEST, []).kind, "none");
});

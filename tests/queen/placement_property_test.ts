import assert from "node:assert/strict";
import fc from "fast-check";
import {
  DEFAULT_PARALLEL,
  type WorkerInfo,
  workerStateSchema,
} from "../../src/contracts/worker.ts";
import { roomOn } from "../../src/queen/hive_room.ts";
import type { HiveView } from "../../src/queen/hive_view.ts";
import { place, placeSpawn } from "../../src/queen/placement.ts";
import type { PlacementRequest } from "../../src/queen/placement_request.ts";
import { devices, hiveView, placedWorker, places, stored } from "../helpers/hive_view.ts";

const MODEL = "hf:bees/big:big.gguf";

const anyWorker = fc.record({
  model: fc.constantFrom(MODEL, "other"),
  device: fc.constantFrom("cpu", "cuda:0"),
  engine: fc.constantFrom("llama", "vllm"),
  state: fc.constantFrom(...workerStateSchema.options),
  requests: fc.nat(3),
  waiting: fc.nat(2),
  parallel: fc.constantFrom(undefined, 1, 3),
}).map(({ parallel, ...fields }) => placedWorker({ ...fields, ...(parallel && { parallel }) }));

const anyHive = fc.record({
  name: fc.constantFrom("a", "b", "c", "d"),
  workers: fc.array(anyWorker, { maxLength: 3 }),
  unreachable: fc.constantFrom(undefined, undefined, undefined, "it has ended"),
  devices: fc.constantFrom(
    [],
    devices({ cpu: 2 }),
    devices({ cpu: 64 }),
    devices({ cpu: 2, "cuda:0": 24 }),
    devices({ cpu: null, "cuda:0": null }),
  ),
  models: fc.constantFrom([], [stored(MODEL, 10)], [stored("other", 1)]),
  load: fc.constantFrom([], [0, 0, 0], [9, 0, 0]),
  engines: fc.constantFrom([], ["llama"], ["llama", "vllm"]),
  places: fc.constantFrom(
    undefined,
    undefined,
    places({ free: 1 }),
    places({ waiting: 1 }),
    places({ max_waiting: 0 }),
    places({ pinned: 1 }),
  ),
}, { noNullPrototype: true }).map(({ name, ...fields }) => hiveView(name, fields));

const anyHives = fc.uniqueArray(anyHive, { maxLength: 4, selector: ({ name }) => name });

const anyRequest = fc.record({
  model: fc.constantFrom(MODEL, "other", "/models/x.gguf"),
  hive: fc.constantFrom(undefined, undefined, "a", "b"),
  device: fc.constantFrom(undefined, "auto", "cpu", "gpu", "cuda:0"),
  engine: fc.constantFrom(undefined, undefined, "llama", "vllm"),
});

const usableOf = (request: PlacementRequest, hives: readonly HiveView[]) =>
  hives.filter(({ name, unreachable }) =>
    unreachable === undefined && (request.hive === undefined || request.hive === name)
  );

const will = (request: PlacementRequest, { model, device, engine }: WorkerInfo) =>
  model === request.model &&
  [undefined, "auto", device, ...(device === "cpu" ? [] : ["gpu"])].includes(request.device) &&
  [undefined, engine].includes(request.engine);

const busy = ({ requests, waiting }: WorkerInfo) => requests + waiting;
const slots = ({ parallel = DEFAULT_PARALLEL }: WorkerInfo) => parallel;

function always(
  holds: (request: PlacementRequest, hives: HiveView[]) => void,
): void {
  fc.assert(fc.property(anyRequest, anyHives, holds), { numRuns: 500 });
}

Deno.test("place() changes nothing of what it is given, and decides the same again", () => {
  always((request, hives) => {
    const before = structuredClone(hives);
    const placed = place(request, hives);
    assert.deepEqual(hives, before);
    assert.deepEqual(place(request, hives), placed);
  });
});

Deno.test("place() chooses what can answer, of the hives that may be used", () => {
  always((request, hives) => {
    const usable = usableOf(request, hives);
    const placed = place(request, hives);
    assert.doesNotMatch(placed.why, /undefined|NaN|Infinity/);
    if (placed.kind === "none") return;
    const hive = usable.find(({ name }) => name === placed.hive);
    assert.ok(hive, "that hive cannot be used");
    if (placed.kind === "spawn") return;
    const worker = hive.workers.find(({ worker_id }) => worker_id === placed.workerId);
    assert.ok(worker?.state === "ready" && will(request, worker), "that worker cannot answer");
  });
});

Deno.test("place() uses a free slot of a ready worker wherever there is one, the emptiest worker first", () => {
  always((request, hives) => {
    const ready = usableOf(request, hives).flatMap(({ workers }) => workers)
      .filter((worker) => worker.state === "ready" && will(request, worker));
    const free = ready.filter((worker) => busy(worker) < slots(worker));
    if (free.length === 0) return;
    const placed = place(request, hives);
    assert.ok(placed.kind === "worker");
    const worker = ready.find(({ worker_id }) => worker_id === placed.workerId)!;
    const filling = free.map((each) => busy(each) / slots(each));
    assert.equal(busy(worker) / slots(worker), Math.min(...filling));
  });
});

Deno.test("place() has none only where no hive can be used, or none of several has what is needed", () => {
  always((request, hives) => {
    const usable = usableOf(request, hives);
    for (const placed of [place(request, hives), placeSpawn(request, hives)]) {
      if (placed.kind !== "none") continue;
      if (usable.length === 0) assert.equal(placed.code, "hive_unreachable");
      else assert.ok(usable.length > 1);
      for (const hive of usable) {
        assert.equal(roomOn(hive, request, hives).fits, false, hive.name);
        assert.ok(placed.why.includes(`hive "${hive.name}"`));
      }
    }
  });
});

Deno.test("placeSpawn() chooses a hive without room only where there is no choice", () => {
  always((request, hives) => {
    const usable = usableOf(request, hives);
    const placed = placeSpawn(request, hives);
    if (placed.kind !== "spawn" || usable.length === 1) return;
    const rooms = new Map(usable.map((hive) => [hive.name, roomOn(hive, request, hives)]));
    const room = rooms.get(placed.hive)!;
    assert.ok(room.fits);
    const others = [...rooms.values()].filter((other) => other.fits);
    const now = others.filter(({ place }) => place.waits === "not");
    assert.equal(room.place.waits === "not", now.length > 0, "one could load it at once");
    const alike = others.filter(({ place }) => place.waits === room.place.waits);
    const withFile = alike.some(({ hasFile }) => hasFile);
    assert.equal(room.hasFile, withFile, "one has the file and the memory");
  });
});

Deno.test("requests that come at once fill the workers of a model evenly", () => {
  const anyCounts = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
  fc.assert(fc.property(anyCounts, fc.integer({ min: 1, max: 64 }), (counts, requests) => {
    const hives = counts.map((count, at) =>
      hiveView(`h${at}`, {
        workers: Array.from({ length: count }, () => placedWorker({ model: MODEL, parallel: 4 })),
      })
    );
    const placed = new Map<string, number>();
    for (let at = 0; at < requests; at++) {
      const inFlight = (workerId: string) => placed.get(workerId) ?? 0;
      const placement = place({ model: MODEL, inFlight }, hives);
      assert.ok(placement.kind === "worker");
      placed.set(placement.workerId, inFlight(placement.workerId) + 1);
    }
    const ids = hives.flatMap(({ workers }) => workers.map(({ worker_id }) => worker_id));
    const filled = ids.map((id) => placed.get(id) ?? 0);
    assert.ok(Math.max(...filled) - Math.min(...filled) <= 1, `${filled}`);
  }));
});

Deno.test("a burst of requests goes over to other hives with the file, and then fills all evenly", () => {
  const machine = { devices: devices({ cpu: 64 }), models: [stored(MODEL, 10)] };
  const hives = ["a", "b"].map((name) => hiveView(name, machine));
  const awaited = new Map<string, number>();
  for (let at = 0; at < 40; at++) {
    const awaiting = (hive: string) => awaited.get(hive) ?? 0;
    const placement = place({ model: MODEL, awaiting }, hives);
    assert.ok(placement.kind === "spawn");
    awaited.set(placement.hive, awaiting(placement.hive) + 1);
    if (at === 3) assert.deepEqual([...awaited], [["a", 4]], "the first has slots for four");
  }
  assert.deepEqual([...awaited], [["a", 20], ["b", 20]]);
});

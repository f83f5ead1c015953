import assert from "node:assert/strict";
import type { HiveView } from "../../src/queen/hive_view.ts";
import { place } from "../../src/queen/placement.ts";
import type { PlacementRequest } from "../../src/queen/placement_request.ts";
import { devices, hiveView, placedWorker, places, stored } from "../helpers/hive_view.ts";

const BIG = "hf:bees/big:big-Q4_K_M.gguf";
const FILE = stored(BIG, 10);
// Ten gigabytes of weights need twelve.
const ROOMY = devices({ cpu: 12 });

/** A worker of another model that nobody uses, and what it holds, in GB. */
const idle = (
  ram: number,
  fields: Parameters<typeof placedWorker>[0] & { mapped?: number; vram?: number } = {},
) => {
  const { mapped = 0, vram = 0, ...worker } = fields;
  const memory = { ram_bytes: ram * 1e9, mapped_bytes: mapped * 1e9, vram_bytes: vram * 1e9 };
  return { ...placedWorker(worker), memory, removable: true };
};

type Case = [
  name: string,
  asked: Partial<PlacementRequest>,
  hives: HiveView[],
  placed: {
    hive?: string;
    kind?: "worker" | "spawn" | "none";
    code?: string;
    why: string | RegExp;
  },
];

const worker = (fields: Parameters<typeof placedWorker>[0] = {}) =>
  placedWorker({ model: BIG, ...fields });
const full = (fields: Parameters<typeof placedWorker>[0] = {}) =>
  worker({ requests: 2, parallel: 2, ...fields });

const CASES: Case[] = [
  [
    "a hive that has the file and the memory before one with more memory",
    {},
    [
      hiveView("large", { devices: devices({ cpu: 500 }) }),
      hiveView("has", { devices: ROOMY, models: [FILE] }),
    ],
    { hive: "has", why: "has the model, 12.0 GB free on cpu" },
  ],
  [
    "a hive that has the file by a shorter name of it",
    { model: "hf:bees/big" },
    [hiveView("a", { devices: ROOMY }), hiveView("has", { devices: ROOMY, models: [FILE] })],
    { hive: "has", why: "has the model, 12.0 GB free on cpu" },
  ],
  [
    "a hive with the memory before one that has the file and not the memory",
    {},
    [
      hiveView("has", { devices: devices({ cpu: 11.9 }), models: [FILE] }),
      hiveView("large", { devices: ROOMY }),
    ],
    { hive: "large", why: "has 12.0 GB free on cpu" },
  ],
  [
    "a GPU where both have the file",
    {},
    [
      hiveView("cpu", { devices: devices({ cpu: 500 }), models: [FILE] }),
      hiveView("gpu", { devices: devices({ "cuda:0": 14.2 }), models: [FILE], load: [4] }),
    ],
    { hive: "gpu", why: "has the model, 14.2 GB free on cuda:0" },
  ],
  [
    "the GPU with the most free of one machine",
    {},
    [
      hiveView("cpu", { devices: ROOMY }),
      hiveView("gpu", { devices: devices({ "cuda:0": 13, "cuda:1": 20 }), models: [FILE] }),
    ],
    { hive: "gpu", why: "has the model, 20.0 GB free on cuda:1" },
  ],
  [
    "all GPUs of a machine together",
    {},
    [
      hiveView("cpu", { devices: ROOMY, models: [FILE] }),
      hiveView("gpu", { devices: devices({ "cuda:0": 6, "cuda:1": 7 }), models: [FILE] }),
    ],
    { hive: "gpu", why: "has the model, 13.0 GB free on cuda:1 and cuda:0" },
  ],
  [
    "a GPU that holds all of it before one that holds a part",
    {},
    [
      hiveView("part", { devices: devices({ cpu: 64, "cuda:0": 8 }), models: [FILE] }),
      hiveView("all", { devices: devices({ cpu: 1, "cuda:0": 16 }), models: [FILE] }),
    ],
    { hive: "all", why: "has the model, 16.0 GB free on cuda:0" },
  ],
  [
    "a GPU that holds a part before none",
    {},
    [
      hiveView("none", { devices: devices({ cpu: 64 }), models: [FILE] }),
      hiveView("part", { devices: devices({ cpu: 6, "cuda:0": 8 }), models: [FILE] }),
    ],
    { hive: "part", why: "has the model, 14.0 GB free on cuda:0 and cpu" },
  ],
  [
    "no memory twice where the GPU's is the machine's",
    {},
    [
      hiveView("apple", { devices: devices({ cpu: 8, metal: 8 }), models: [FILE] }),
      hiveView("other", { devices: ROOMY }),
    ],
    { hive: "other", why: "has 12.0 GB free on cpu" },
  ],
  [
    "a GPU of which nobody knows what is free",
    {},
    [
      hiveView("cpu", { devices: ROOMY, models: [FILE] }),
      hiveView("gpu", { devices: devices({ "vulkan:0": null }), models: [FILE] }),
    ],
    { hive: "gpu", why: "has the model" },
  ],
  [
    "the processor where that is asked for, and not the GPU's memory",
    { device: "cpu" },
    [
      hiveView("gpu", { devices: devices({ cpu: 4, "cuda:0": 80 }), models: [FILE] }),
      hiveView("cpu", { devices: ROOMY, models: [FILE] }),
    ],
    { hive: "cpu", why: "has the model, 12.0 GB free on cpu" },
  ],
  [
    "the hive that has the device that is asked for",
    { device: "cuda:1" },
    [
      hiveView("one", { devices: devices({ "cuda:0": 80 }), models: [FILE] }),
      hiveView("two", { devices: devices({ "cuda:0": 80, "cuda:1": 13 }) }),
    ],
    { hive: "two", why: "has 13.0 GB free on cuda:1" },
  ],
  [
    "a GPU where one is insisted on",
    { device: "gpu" },
    [
      hiveView("cpu", { devices: devices({ cpu: 500 }), models: [FILE] }),
      hiveView("gpu", { devices: devices({ "cuda:0": 13 }) }),
    ],
    { hive: "gpu", why: "has 13.0 GB free on cuda:0" },
  ],
  [
    "the hive that has the engine that is asked for",
    { engine: "vllm" },
    [
      hiveView("a", { devices: ROOMY, models: [FILE], engines: ["llama"] }),
      hiveView("b", { devices: ROOMY, engines: ["llama", "vllm"] }),
    ],
    { hive: "b", why: "has 12.0 GB free on cpu" },
  ],
  [
    "the machine with the least load a core",
    {},
    [
      hiveView("busy", { devices: devices({ cpu: 12, cores: 4 }), load: [4] }),
      hiveView("large", { devices: devices({ cpu: 12, cores: 32 }), load: [4] }),
    ],
    { hive: "large", why: "has 12.0 GB free on cpu" },
  ],
  [
    "the hive with fewer workers where the load hardly differs",
    {},
    [
      hiveView("two", {
        devices: ROOMY,
        load: [0],
        workers: [placedWorker(), placedWorker({ state: "stopping" })],
      }),
      hiveView("one", {
        devices: ROOMY,
        load: [0.9],
        workers: [placedWorker(), placedWorker({ state: "failed" })],
      }),
    ],
    { hive: "one", why: "has 12.0 GB free on cpu" },
  ],
  [
    "a hive whose memory is not about to be taken by a model that loads",
    {},
    [
      hiveView("first", {
        devices: devices({ cpu: 20 }),
        models: [FILE, stored("other", 8)],
        workers: [placedWorker({ model: "other", state: "loading" })],
      }),
      hiveView("second", {
        devices: devices({ cpu: 13 }),
        models: [FILE],
        workers: [placedWorker(), placedWorker()],
      }),
    ],
    { hive: "second", why: "has the model, 13.0 GB free on cpu" },
  ],
  [
    "the size that another hive knows",
    {},
    [
      hiveView("has", { unreachable: "it has ended", models: [FILE] }),
      hiveView("small", { devices: devices({ cpu: 2, "cuda:0": 3 }) }),
      hiveView("large", { devices: ROOMY }),
    ],
    { hive: "large", why: "has 12.0 GB free on cpu" },
  ],
  [
    "a hive with the file and room over a worker whose slots are all taken",
    {},
    [
      hiveView("a", { devices: ROOMY, models: [FILE], workers: [full()] }),
      hiveView("b", { devices: ROOMY, models: [FILE] }),
    ],
    {
      hive: "b",
      kind: "spawn",
      why:
        "has the model, 12.0 GB free on cpu; all slots of the workers that have it loaded are taken",
    },
  ],
  [
    "a worker whose slots are all taken over a hive without the file",
    {},
    [
      hiveView("a", { devices: ROOMY, models: [FILE], workers: [full()] }),
      hiveView("b", { devices: ROOMY }),
    ],
    { hive: "a", kind: "worker", why: `has ${BIG} loaded (2 requests)` },
  ],
  [
    "a worker whose slots are all taken over a hive without the memory",
    {},
    [
      hiveView("a", { devices: ROOMY, models: [FILE], workers: [full({ waiting: 7 })] }),
      hiveView("b", { devices: devices({ cpu: 1 }), models: [FILE] }),
    ],
    { hive: "a", kind: "worker", why: `has ${BIG} loaded (9 requests)` },
  ],
  [
    "a free slot over an emptier worker that still loads",
    {},
    [
      hiveView("a", { workers: [worker({ state: "loading" })] }),
      hiveView("b", { workers: [worker({ requests: 1, parallel: 2 })] }),
    ],
    { hive: "b", kind: "worker", why: `has ${BIG} loaded (1 request)` },
  ],
  [
    "one that loads over one whose slots are all taken",
    {},
    [
      hiveView("a", { workers: [full()] }),
      hiveView("b", { workers: [worker({ state: "starting" })] }),
    ],
    { hive: "b", kind: "spawn", why: `is already loading ${BIG}` },
  ],
  [
    "one whose slots are all taken where more wait for the one that loads",
    { awaiting: (hive) => hive === "b" ? 5 : 0 },
    [
      hiveView("a", { workers: [full()] }),
      hiveView("b", { workers: [worker({ state: "loading", parallel: 4 })] }),
    ],
    { hive: "a", kind: "worker", why: `has ${BIG} loaded (2 requests)` },
  ],
  [
    "the hive that was asked to load it a moment ago",
    { awaiting: (hive) => hive === "b" ? 1 : 0 },
    [hiveView("a", { devices: ROOMY, models: [FILE] }), hiveView("b", { devices: ROOMY })],
    { hive: "b", kind: "spawn", why: `is already loading ${BIG}` },
  ],
  [
    "another hive with the file when as many wait for the first as it will have slots",
    { awaiting: (hive) => hive === "a" ? 4 : 0 },
    [
      hiveView("a", { devices: ROOMY, models: [FILE] }),
      hiveView("b", { devices: ROOMY, models: [FILE] }),
    ],
    { hive: "b", kind: "spawn", why: /^has the model/ },
  ],
  [
    "the worker with the larger part of its slots free",
    {},
    [
      hiveView("a", { workers: [worker({ requests: 1, parallel: 2 })] }),
      hiveView("b", { workers: [worker({ requests: 2, parallel: 8 })] }),
    ],
    { hive: "b", kind: "worker", why: `has ${BIG} loaded (2 requests)` },
  ],
  [
    "the worker on a GPU of two that are as full",
    {},
    [
      hiveView("cpu", { devices: devices(), workers: [worker({ device: "auto" })] }),
      hiveView("gpu", {
        devices: devices({ "cuda:0": 1 }),
        workers: [worker({ device: "auto" })],
      }),
    ],
    { hive: "gpu", kind: "worker", why: `has ${BIG} loaded (idle)` },
  ],
  [
    "the one hive that is connected, which knows best whether it can",
    {},
    [
      hiveView("small", { devices: devices({ cpu: 1 }), models: [FILE] }),
      hiveView("away", { unreachable: "it has ended" }),
    ],
    { hive: "small", kind: "spawn", why: "is the only hive connected" },
  ],
  [
    "the hive that is named, which knows best whether it can",
    { hive: "small", device: "cuda:7" },
    [
      hiveView("small", { devices: devices({ cpu: 1 }), models: [FILE] }),
      hiveView("large", { devices: devices({ cpu: 64 }), models: [FILE] }),
    ],
    { hive: "small", kind: "spawn", why: "was asked for" },
  ],
  [
    "a hive whose memory is enough once an idle worker is stopped over one without the memory",
    {},
    [
      hiveView("small", { devices: devices({ cpu: 11 }), models: [FILE] }),
      hiveView("idle", { devices: devices({ cpu: 9 }), models: [FILE], workers: [idle(3.1)] }),
    ],
    {
      hive: "idle",
      kind: "spawn",
      why: "has the model, 12.1 GB free on cpu after an idle worker is stopped",
    },
  ],
  [
    "a hive that is to stop some of several idle workers",
    {},
    [
      hiveView("small", { devices: devices({ cpu: 1 }) }),
      hiveView("idle", {
        devices: devices({ cpu: 9 }),
        models: [FILE],
        workers: [idle(2), idle(2)],
      }),
    ],
    { hive: "idle", why: "has the model, 13.0 GB free on cpu after idle workers are stopped" },
  ],
  [
    "a hive with the memory free over one that must stop an idle worker, whatever GPU that has",
    {},
    [
      hiveView("idle", {
        devices: devices({ cpu: 1, "cuda:0": 1 }),
        models: [FILE],
        workers: [idle(1, { device: "cuda:0", vram: 15 })],
      }),
      hiveView("free", { devices: ROOMY, models: [FILE], load: [4] }),
    ],
    { hive: "free", why: "has the model, 12.0 GB free on cpu" },
  ],
  [
    "a hive with the file that must stop an idle worker over one that would have to fetch it",
    {},
    [
      hiveView("free", { devices: devices({ cpu: 64 }) }),
      hiveView("idle", { devices: devices({ cpu: 1 }), models: [FILE], workers: [idle(11)] }),
    ],
    { hive: "idle", why: "has the model, 12.0 GB free on cpu after an idle worker is stopped" },
  ],
  [
    "the GPU on which an idle worker is",
    { device: "gpu" },
    [
      hiveView("cpu", { devices: devices({ cpu: 64 }), models: [FILE] }),
      hiveView("gpu", {
        devices: devices({ cpu: 0, "cuda:0": 2, "cuda:1": 1 }),
        models: [FILE],
        workers: [idle(0, { device: "cuda:1", vram: 12 })],
      }),
    ],
    { hive: "gpu", why: "has the model, 13.0 GB free on cuda:1 after an idle worker is stopped" },
  ],
  [
    "no memory of idle workers where it is free without them",
    {},
    [
      hiveView("a", { devices: devices({ cpu: 1 }) }),
      hiveView("b", { devices: ROOMY, models: [FILE], workers: [idle(5)] }),
    ],
    { hive: "b", why: "has the model, 12.0 GB free on cpu" },
  ],
  [
    "a hive without a large file that another worker has mapped and its machine counts as free",
    {},
    [
      hiveView("mapped", {
        devices: devices({ cpu: 13 }),
        models: [FILE],
        workers: [{ ...idle(3, { mapped: 2 }), removable: false }],
      }),
      hiveView("free", { devices: ROOMY, models: [FILE], workers: [placedWorker()], load: [4] }),
    ],
    { hive: "free", why: "has the model, 12.0 GB free on cpu" },
  ],
  [
    "what an idle worker holds with the file that it has mapped, and that no more than once",
    {},
    [
      hiveView("a", { devices: devices({ cpu: 1 }) }),
      hiveView("b", {
        devices: devices({ cpu: 11.5 }),
        models: [FILE],
        workers: [idle(3, { mapped: 2 })],
      }),
    ],
    { hive: "b", why: "has the model, 12.5 GB free on cpu after an idle worker is stopped" },
  ],
  [
    "no hive where the workers are pinned, in use, or have a request that the hive does not know of",
    { inFlight: (id) => id === "worker-busy" ? 1 : 0 },
    [
      hiveView("pinned", {
        devices: devices({ cpu: 9 }),
        workers: [{ ...idle(9), removable: false }, { ...idle(9), state: "stopping" }],
      }),
      hiveView("busy", {
        devices: devices({ cpu: 9 }),
        models: [FILE],
        workers: [idle(9, { worker_id: "worker-busy" })],
      }),
    ],
    {
      kind: "none",
      code: "insufficient_memory",
      why: /9\.0 GB are free on cpu; hive "busy" needs/,
    },
  ],
  [
    "no hive where all idle workers together hold too little, and tells what there would be",
    {},
    [
      hiveView("a", { devices: devices({ cpu: 1 }), models: [FILE], workers: [idle(2)] }),
      hiveView("b", { devices: devices({ cpu: 2 }), workers: [idle(1), idle(1)] }),
    ],
    {
      kind: "none",
      code: "insufficient_memory",
      why:
        /^hive "a" needs about 12\.0 GB for it, and 1\.0 GB are free on cpu, 3\.0 GB after an idle worker is stopped; hive "b" .* 2\.0 GB are free on cpu, 4\.0 GB after idle workers are stopped; /,
    },
  ],
  [
    "a worker that has the file by another name of it",
    { model: "hf:bees/big" },
    [
      hiveView("other", { devices: devices({ cpu: 64 }), models: [FILE] }),
      hiveView("has", { models: [FILE], workers: [worker()] }),
    ],
    { hive: "has", kind: "worker", why: `has hf:bees/big loaded as ${BIG} (idle)` },
  ],
  [
    "a worker that was started with a shorter name of the file that is asked for",
    {},
    [
      hiveView("other", { devices: devices({ cpu: 64 }), models: [FILE] }),
      hiveView("has", {
        models: [FILE],
        workers: [worker({ model: "hf:bees/big", state: "loading" })],
      }),
    ],
    { hive: "has", kind: "spawn", why: `is already loading ${BIG} as hf:bees/big` },
  ],
  [
    "a worker whose hive tells what its file is called",
    {},
    [
      hiveView("other", { devices: devices({ cpu: 64 }), models: [FILE] }),
      hiveView("has", { workers: [worker({ model: "hf:bees/big", stored_as: BIG })] }),
    ],
    { hive: "has", kind: "worker", why: `has ${BIG} loaded as hf:bees/big (idle)` },
  ],
  [
    "no worker of one file for a name that may mean another",
    { model: "hf:bees/big" },
    [
      hiveView("two", {
        devices: ROOMY,
        models: [FILE, stored("hf:bees/big:big-Q8_0.gguf", 10)],
        workers: [worker()],
      }),
      hiveView("one", { devices: devices({ cpu: 1 }) }),
    ],
    { hive: "two", kind: "spawn", why: "has the model, 12.0 GB free on cpu" },
  ],
  [
    "a worker whose slots are all taken over a hive with the file whose places are all pinned",
    {},
    [
      hiveView("pinned", { devices: ROOMY, models: [FILE], places: places({ pinned: 1 }) }),
      hiveView("has", { devices: ROOMY, models: [FILE], workers: [full()] }),
    ],
    { hive: "has", kind: "worker", why: `has ${BIG} loaded (2 requests)` },
  ],
  [
    "a worker whose slots are all taken over a hive with the file where it would wait for a place",
    {},
    [
      hiveView("busy", { devices: ROOMY, models: [FILE], places: places() }),
      hiveView("has", { devices: ROOMY, models: [FILE], workers: [full()] }),
    ],
    { hive: "has", kind: "worker", why: `has ${BIG} loaded (2 requests)` },
  ],
  [
    "a hive with a free place over one with the file whose places are all pinned",
    {},
    [
      hiveView("pinned", {
        devices: ROOMY,
        models: [FILE],
        places: places({ total: 2, pinned: 2 }),
      }),
      hiveView("free", { devices: ROOMY, places: places({ free: 1 }) }),
    ],
    { hive: "free", kind: "spawn", why: "has 12.0 GB free on cpu" },
  ],
  [
    "a hive with a free place over one with the file where it would wait for one",
    {},
    [
      hiveView("busy", {
        devices: devices({ cpu: 64, "cuda:0": 24 }),
        models: [FILE],
        places: places(),
      }),
      hiveView("free", { devices: ROOMY, places: places({ free: 1 }) }),
    ],
    { hive: "free", kind: "spawn", why: "has 12.0 GB free on cpu" },
  ],
  [
    "a hive with a free place over one whose free place is waited for already",
    {},
    [
      hiveView("busy", {
        devices: ROOMY,
        models: [FILE],
        places: places({ free: 1, waiting: 1 }),
      }),
      hiveView("free", { devices: ROOMY, places: places({ free: 1 }) }),
    ],
    { hive: "free", kind: "spawn", why: "has 12.0 GB free on cpu" },
  ],
  [
    "a hive with a free place over one that was just asked to load another model there",
    { loading: (hive) => hive === "asked" ? ["other"] : [] },
    [
      hiveView("asked", { devices: ROOMY, models: [FILE], places: places({ free: 1 }) }),
      hiveView("free", { devices: ROOMY, places: places({ free: 1 }) }),
    ],
    { hive: "free", kind: "spawn", why: "has 12.0 GB free on cpu" },
  ],
  [
    "the hive that was just asked to load the same file by another name",
    {
      model: "hf:bees/big",
      awaiting: (hive) => hive === "asked" ? 1 : 0,
      loading: (hive) => hive === "asked" ? [BIG] : [],
    },
    [
      hiveView("free", { devices: ROOMY, models: [FILE], places: places({ free: 1 }) }),
      hiveView("asked", { devices: ROOMY, models: [FILE], places: places({ free: 1 }) }),
    ],
    { hive: "asked", kind: "spawn", why: "is already loading hf:bees/big" },
  ],
  [
    "the free place of a hive that has told already of what it was asked to load",
    { loading: () => ["other"] },
    [
      hiveView("told", {
        devices: ROOMY,
        models: [FILE],
        workers: [placedWorker({ model: "other", state: "starting" })],
        places: places({ total: 2, free: 1 }),
      }),
      hiveView("free", { devices: ROOMY, places: places({ total: 2, free: 2 }) }),
    ],
    { hive: "told", kind: "spawn", why: "has the model, 12.0 GB free on cpu" },
  ],
  [
    "a hive with a free place over one that would stop an idle worker for its place",
    {},
    [
      hiveView("idle", {
        devices: ROOMY,
        models: [FILE],
        workers: [{ ...placedWorker(), removable: true }],
        places: places(),
      }),
      hiveView("free", { devices: ROOMY, models: [FILE], load: [4], places: places({ free: 1 }) }),
    ],
    { hive: "free", kind: "spawn", why: "has the model, 12.0 GB free on cpu" },
  ],
  [
    "a hive that stops an idle worker for its place over one where it would wait",
    {},
    [
      hiveView("busy", { devices: ROOMY, models: [FILE], places: places({ total: 16 }) }),
      hiveView("idle", {
        devices: ROOMY,
        models: [FILE],
        load: [4],
        workers: [{ ...placedWorker(), removable: true }],
        places: places(),
      }),
    ],
    {
      hive: "idle",
      kind: "spawn",
      why: "has the model, 12.0 GB free on cpu, and a place after an idle worker is stopped",
    },
  ],
  [
    "no place of an idle worker that has a request of which its hive does not know",
    { inFlight: (id) => id === "worker-busy" ? 1 : 0 },
    [
      hiveView("busy", {
        devices: ROOMY,
        models: [FILE],
        workers: [{ ...placedWorker({ worker_id: "worker-busy" }), removable: true }],
        places: places(),
      }),
      hiveView("free", { devices: ROOMY, places: places({ free: 1 }) }),
    ],
    { hive: "free", kind: "spawn", why: "has 12.0 GB free on cpu" },
  ],
  [
    "a hive with a shorter line over one whose line is full, where it would wait everywhere",
    {},
    [
      hiveView("full", {
        devices: ROOMY,
        models: [FILE],
        places: places({ waiting: 1, max_waiting: 1 }),
      }),
      hiveView("line", { devices: ROOMY, places: places({ total: 2, waiting: 3 }) }),
    ],
    {
      hive: "line",
      kind: "spawn",
      why: "has 12.0 GB free on cpu; all 2 places of its workers are taken, and 3 wait for one",
    },
  ],
  [
    "a hive with a full line where there is no other, which knows best whether it is full still",
    {},
    [
      hiveView("full", { devices: ROOMY, places: places({ max_waiting: 0 }) }),
      hiveView("small", { devices: devices({ cpu: 1 }), models: [FILE] }),
    ],
    {
      hive: "full",
      kind: "spawn",
      why: "has 12.0 GB free on cpu; the one place of its workers is taken, and 0 wait for it",
    },
  ],
  [
    "a hive with the file that could load at once over one whose worker waits for its place",
    {},
    [
      hiveView("a", {
        models: [FILE],
        workers: [{ ...worker({ state: "starting", pid: null, url: null }), queued: true }],
        places: places({ total: 16, waiting: 1 }),
      }),
      hiveView("b", { devices: devices({ "cuda:0": 24 }), models: [FILE] }),
    ],
    {
      hive: "b",
      kind: "spawn",
      why: "has the model, 24.0 GB free on cuda:0; " +
        "the workers that are to load it elsewhere wait for a place",
    },
  ],
  [
    "a hive that could load at once over one that was just asked to, and has no place for it",
    { awaiting: (hive) => hive === "a" ? 1 : 0 },
    [
      hiveView("a", { devices: ROOMY, models: [FILE], places: places() }),
      hiveView("b", { devices: ROOMY }),
    ],
    { hive: "b", kind: "spawn", why: /^has 12\.0 GB free on cpu; the workers / },
  ],
  [
    "a worker that waits for its place where no other hive could load at once",
    {},
    [
      hiveView("b", { devices: ROOMY, models: [FILE], places: places() }),
      hiveView("a", {
        workers: [{ ...worker({ state: "starting" }), queued: true }],
        places: places({ waiting: 1 }),
      }),
    ],
    { hive: "a", kind: "spawn", why: `waits already for a place to load ${BIG}` },
  ],
  [
    "a worker whose slots are all taken over one that waits for its place",
    {},
    [
      hiveView("a", { workers: [{ ...worker({ state: "starting" }), queued: true }] }),
      hiveView("b", { workers: [full()] }),
    ],
    { hive: "b", kind: "worker", why: `has ${BIG} loaded (2 requests)` },
  ],
  [
    "another hive in the place of one that has refused it",
    { refused: ["a"] },
    [
      hiveView("a", { devices: ROOMY, models: [FILE], workers: [worker({ state: "loading" })] }),
      hiveView("b", { devices: ROOMY }),
    ],
    { hive: "b", kind: "spawn", why: "has 12.0 GB free on cpu" },
  ],
  [
    "a ready worker of a hive that has refused another",
    { refused: ["a", "b"] },
    [hiveView("a", { workers: [full()] }), hiveView("b", { devices: ROOMY, models: [FILE] })],
    { hive: "a", kind: "worker", why: `has ${BIG} loaded (2 requests)` },
  ],
  [
    "no hive where the only other has not the memory",
    { refused: ["a"] },
    [
      hiveView("a", { devices: ROOMY, models: [FILE] }),
      hiveView("b", { devices: devices({ cpu: 1 }) }),
    ],
    { kind: "none", code: "insufficient_memory", why: /^hive "b" needs about 12\.0 GB/ },
  ],
  [
    "no hive where pinned workers have all places, and tells so",
    {},
    [
      hiveView("one", { devices: ROOMY, models: [FILE], places: places({ pinned: 1 }) }),
      hiveView("two", { devices: ROOMY, places: places({ total: 2, free: 1, pinned: 2 }) }),
    ],
    {
      kind: "none",
      code: "all_pinned",
      why:
        /^hive "one" may run one worker, which is pinned; hive "two" may run 2 workers, all of them pinned; /,
    },
  ],
  [
    "a worker that runs on the processor of its own accord where the processor is asked for",
    { device: "cpu" },
    [hiveView("a", { devices: ROOMY, models: [FILE], workers: [worker({ device: "auto" })] })],
    { hive: "a", kind: "worker", why: `has ${BIG} loaded (idle)` },
  ],
  [
    "a worker that took the GPU of its own accord where a GPU is asked for",
    { device: "gpu" },
    [
      hiveView("a", {
        devices: devices({ "cuda:0": 1 }),
        models: [FILE],
        workers: [{ ...idle(1, { vram: 9 }), model: BIG, device: "auto" }],
      }),
    ],
    { hive: "a", kind: "worker", why: `has ${BIG} loaded (idle)` },
  ],
  [
    "no hive where none fits, and tells for each why",
    { device: "gpu" },
    [
      hiveView("small", { devices: devices({ cpu: 1, "cuda:0": 2.5 }), models: [FILE] }),
      hiveView("cpu", { devices: devices({ cpu: 64 }) }),
      hiveView("away", { unreachable: "it has ended" }),
    ],
    {
      kind: "none",
      code: "insufficient_memory",
      why: 'hive "small" needs about 12.0 GB for it, and 3.5 GB are free on cuda:0 and cpu; ' +
        'hive "cpu" has no device gpu (cpu); hive "away": it has ended; take a smaller model, ' +
        "stop a worker (rbee worker list), or name a hive that is to try " +
        `${BIG} all the same with --hive`,
    },
  ],
  [
    "no hive where none has the engine",
    { engine: "vllm" },
    [hiveView("a", { engines: ["llama"] }), hiveView("b", { engines: ["llama", "tgi"] })],
    {
      kind: "none",
      code: "engine_not_found",
      why: /^hive "a" has no engine "vllm" \(llama\); hive "b" has no engine "vllm" \(llama, tgi\)/,
    },
  ],
];

for (const [name, asked, hives, { why, hive, kind, code }] of CASES) {
  Deno.test(`place() takes ${name}`, () => {
    const placed = place({ model: BIG, ...asked }, hives);
    if (typeof why === "string") assert.equal(placed.why, why);
    else assert.match(placed.why, why);
    assert.equal(placed.kind === "none" ? undefined : placed.hive, hive);
    if (kind !== undefined) assert.equal(placed.kind, kind);
    if (code !== undefined) assert.equal(placed.kind === "none" && placed.code, code);
  });
}

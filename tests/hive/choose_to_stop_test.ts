import assert from "node:assert/strict";
import type { WorkerState } from "../../src/contracts/worker.ts";
import { chooseToStop, type Holder, type RoomWanted } from "../../src/hive/choose_to_stop.ts";

interface Named extends Holder {
  name: string;
}

/** A worker that is ready and maps 60 of the 100 that it needs, unless told otherwise. */
function holder(
  name: string,
  fields: {
    model?: string;
    state?: WorkerState;
    device?: string;
    needed?: number;
    mapped?: number;
    vram?: number;
  } = {},
): Named {
  const { model = name, state = "ready", device = "auto" } = fields;
  const { needed: neededBytes = 100, mapped: mappedBytes = 60, vram: vramBytes = 0 } = fields;
  return {
    name,
    spec: { model, device, engine: "llama", options: {} },
    state,
    memory: { neededBytes, mappedBytes, vramBytes },
  };
}

type Case = [
  name: string,
  wanted: Partial<RoomWanted>,
  idle: Named[],
  /** What runs beside those that are idle. */
  others: Named[],
  chosen: string[] | undefined,
];

const GPU = { onGpu: true } as const;

const CASES: Case[] = [
  ["none where nobody is idle", { neededBytes: 1 }, [], [holder("busy")], undefined],
  ["the first that is enough", { neededBytes: 100 }, [holder("a"), holder("b")], [], ["a"]],
  ["as many as are needed", { neededBytes: 101 }, [holder("a"), holder("b")], [], ["a", "b"]],
  [
    "fewer where something is free",
    { neededBytes: 101, freeBytes: 1 },
    [holder("a"), holder("b")],
    [],
    ["a"],
  ],
  [
    "nobody where all of them would not be enough",
    { neededBytes: 202, freeBytes: 1 },
    [holder("a"), holder("b")],
    [],
    undefined,
  ],
  [
    "nobody where those that stop now are enough",
    { neededBytes: 40 },
    [holder("a")],
    [holder("leaving", { state: "stopping" })],
    [],
  ],
  [
    "one more where those that stop now are not enough: their files count as free already",
    { neededBytes: 41 },
    [holder("a")],
    [holder("leaving", { state: "stopping" })],
    ["a"],
  ],
  [
    "both of one model, whose file the last of them gives back",
    { neededBytes: 140 },
    [holder("a", { model: "same" }), holder("b", { model: "same" }), holder("c")],
    [],
    ["a", "b"],
  ],
  [
    "more than one whose file a busy worker keeps",
    { neededBytes: 100 },
    [holder("a", { model: "same" }), holder("b")],
    [holder("busy", { model: "same" })],
    ["a", "b"],
  ],
  [
    "nobody for the file that it would share itself",
    { model: "same", neededBytes: 41 },
    [holder("a", { model: "same" })],
    [],
    undefined,
  ],
  [
    "not those that hold nothing, as far as is known",
    { neededBytes: 100 },
    [holder("unknown", { needed: 0, mapped: 0 }), holder("b")],
    [],
    ["b"],
  ],
  [
    "those on the GPU where its memory is short",
    { ...GPU, neededBytes: 50 },
    [holder("cpu"), holder("gpu", { vram: 50 })],
    [],
    ["gpu"],
  ],
  [
    "nobody of another GPU",
    { ...GPU, device: "cuda:1", neededBytes: 50 },
    [holder("other", { device: "cuda:0", vram: 50 })],
    [],
    undefined,
  ],
  [
    "those that may be on the GPU that is asked for",
    { ...GPU, device: "cuda:1", neededBytes: 100 },
    [holder("same", { device: "cuda:1", vram: 50 }), holder("any", { device: "gpu", vram: 50 })],
    [],
    ["same", "any"],
  ],
];

for (const [name, wanted, idle, others, expected] of CASES) {
  Deno.test(`chooseToStop() takes ${name}`, () => {
    const chosen = chooseToStop({
      model: "new",
      device: "auto",
      freeBytes: 0,
      neededBytes: 0,
      onGpu: false,
      ...wanted,
    }, { running: [...others, ...idle], idle });
    assert.deepEqual(chosen?.map((worker) => worker.name), expected);
  });
}

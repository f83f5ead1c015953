import assert from "node:assert/strict";
import { deviceWillDo } from "../../src/models/device_will_do.ts";
import { devices } from "../helpers/hive_view.ts";

const CPU = devices();
const ONE_GPU = devices({ "cuda:0": 24 });
const TWO_GPUS = devices({ "cuda:0": 24, "cuda:1": 24 });

type Case = [
  asked: string | undefined,
  worker: string,
  vramBytes: number | undefined,
  machine: typeof CPU,
  will: boolean,
];

const CASES: Case[] = [
  [undefined, "cuda:1", 9, TWO_GPUS, true],
  ["auto", "cpu", 0, ONE_GPU, true],
  ["cpu", "cpu", undefined, [], true],
  ["cpu", "auto", undefined, CPU, true],
  ["cpu", "auto", 0, CPU, true],
  ["cpu", "auto", undefined, [], false],
  ["cpu", "auto", 0, ONE_GPU, false],
  // Its GPU has not been listed yet.
  ["cpu", "auto", 9, CPU, false],
  ["cpu", "gpu", 9, ONE_GPU, false],
  ["gpu", "auto", 9, ONE_GPU, true],
  ["gpu", "auto", 9, TWO_GPUS, true],
  ["gpu", "auto", 0, ONE_GPU, false],
  ["gpu", "auto", undefined, ONE_GPU, false],
  ["gpu", "auto", undefined, CPU, false],
  ["gpu", "cuda:1", undefined, TWO_GPUS, true],
  ["gpu", "metal", undefined, [], true],
  ["gpu", "cpu", 0, ONE_GPU, false],
  ["cuda:0", "auto", 9, ONE_GPU, true],
  ["cuda:0", "auto", 0, ONE_GPU, false],
  ["cuda:0", "gpu", undefined, ONE_GPU, true],
  ["cuda:0", "auto", 9, TWO_GPUS, false],
  ["cuda:0", "gpu", 9, TWO_GPUS, false],
  ["cuda:1", "gpu", 9, ONE_GPU, false],
  ["cuda:0", "cuda:1", 9, TWO_GPUS, false],
  ["cuda:0", "cpu", 0, ONE_GPU, false],
];

for (const [asked, device, vramBytes, machine, will] of CASES) {
  const names = machine.map((each) => each.device).join(" and ") || "unknown devices";
  const held = vramBytes === undefined ? "what" : vramBytes === 0 ? "nothing" : "a part";
  Deno.test(`a worker that was started with ${device} and holds ${held} of a GPU ${will ? "will do" : "will not do"} for ${asked} on ${names}`, () => {
    assert.equal(deviceWillDo(asked, { device, vramBytes }, machine), will);
  });
}

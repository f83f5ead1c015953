import { deviceSchema } from "../../src/contracts/device.ts";
import { assertAccepts, assertRefuses } from "../helpers/schema_table.ts";

Deno.test("deviceSchema takes every device of the contract", () => {
  assertAccepts(deviceSchema, ["auto", "cpu", "gpu", "metal", "cuda:0", "cuda:12", "vulkan:3"]);
});

Deno.test("deviceSchema refuses what is none", () => {
  assertRefuses(deviceSchema, [
    "",
    "CPU",
    "cuda",
    "cuda:",
    "cuda:-1",
    "cuda:1000",
    "metal:0",
    "gpu:0",
    " cpu",
    "cpu\n",
    0,
  ]);
});

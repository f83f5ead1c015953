import assert from "node:assert/strict";
import { nearestName } from "../../src/config/nearest_name.ts";

const NAMES = ["host", "port", "max_requests", "max_queue", "idle"];

for (
  const [given, nearest] of [
    ["prot", "port"],
    ["PORT", "port"],
    ["max-queue", "max_queue"],
    ["maxqueue", "max_queue"],
    ["max_request", "max_requests"],
    ["hots", "host"],
    ["colour", undefined],
    ["x", undefined],
    ["", undefined],
    ["max_requests_per_second", undefined],
    ["port".repeat(100_000), undefined],
  ] as const
) {
  Deno.test(`nearestName() takes ${given.slice(0, 30) || "nothing"} for ${nearest ?? "no name"}`, () => {
    assert.equal(nearestName(given, NAMES), nearest);
  });
}

Deno.test("nearestName() takes the first of those that are equally near, and none of none", () => {
  assert.equal(nearestName("cat", ["bat", "hat"]), "bat");
  assert.equal(nearestName("cat", []), undefined);
});

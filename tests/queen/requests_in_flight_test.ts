import assert from "node:assert/strict";
import { RequestsInFlight } from "../../src/queen/requests_in_flight.ts";

Deno.test("RequestsInFlight counts what is under way at each worker, and forgets who has nothing", () => {
  const requests = new RequestsInFlight();
  const ends = [requests.begin("a"), requests.begin("a"), requests.begin("b")];
  assert.deepEqual([requests.at("a"), requests.at("b"), requests.at("c")], [2, 1, 0]);
  ends[0]!();
  ends[0]!();
  assert.deepEqual([requests.at("a"), requests.at("b")], [1, 1]);
  for (const end of ends) end();
  assert.deepEqual([requests.at("a"), requests.at("b")], [0, 0]);
});

Deno.test("RequestsInFlight tells the rest of the names that begin alike, as long as they count", () => {
  const inFlight = new RequestsInFlight();
  const ends = ["a\nbee", "a\nbee", "a\nwasp", "b\nbee"].map((name) => inFlight.begin(name));
  assert.deepEqual(inFlight.under("a\n"), ["bee", "wasp"]);
  ends[0]!();
  assert.deepEqual(inFlight.under("a\n"), ["bee", "wasp"]);
  ends[1]!();
  assert.deepEqual(inFlight.under("a\n"), ["wasp"]);
  assert.deepEqual(inFlight.under("c\n"), []);
});

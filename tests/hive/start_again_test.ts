import assert from "node:assert/strict";
import { mayStartAgain } from "../../src/hive/start_again.ts";

for (
  const [code, attempt, room, expected] of [
    ["port_in_use", 1, false, true],
    ["port_in_use", 2, false, true],
    ["port_in_use", 3, true, false],
    ["insufficient_memory", 1, true, true],
    ["insufficient_memory", 4, true, true],
    ["insufficient_memory", 5, true, false],
    ["insufficient_memory", 1, false, false],
    ["worker_died", 1, true, false],
    ["model_not_found", 1, true, false],
  ] as const
) {
  const how = room ? "where room can be made" : "where no room can be made";
  Deno.test(`mayStartAgain() says ${expected} of ${code} at start ${attempt} ${how}`, async () => {
    let asked = 0;
    const makeRoom = () => {
      asked++;
      return Promise.resolve(room);
    };
    assert.equal(await mayStartAgain({ code }, { attempt, makeRoom }), expected);
    assert.equal(asked, code === "insufficient_memory" && attempt < 5 ? 1 : 0);
  });
}

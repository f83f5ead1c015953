import assert from "node:assert/strict";
import { enginesAsModels, fixtureEngine, SupervisedHome } from "../helpers/supervised_home.ts";

const ENDED = /it has ended; start it with rbee up$/;

Deno.test("jobs of a hive that has ended and is not started again end with what to do, long before their patience", async () => {
  await using home = await SupervisedHome.up(enginesAsModels({
    slow: fixtureEngine("--load-ms", "600000"),
    gated: fixtureEngine("--gate"),
  }));
  const { url } = await home.spawn("gated");
  const answering = await home.watch({ operation: "infer", model: "gated", prompt: "Hello" });
  await (await fetch(`${url}/control/release`, { method: "POST" })).json();
  await answering.token();
  const loading = await home.watch({ operation: "worker_spawn", model: "slow" });
  await loading.seen((event) => event.type === "log" && /loading model/.test(event.line));
  const unanswered = await home.watch({ operation: "infer", model: "slow", prompt: "Hello" });
  await unanswered.seen((event) => event.type === "log" && /loading model/.test(event.line));

  await home.kill("hive");
  await answering.said("hive_wait", ENDED);
  for (
    const [job, message] of [
      [answering, /^the worker on hive "local" is lost: /],
      [loading, /^hive "local" is lost: /],
      [unanswered, /^Cannot place the request for slow: hive "local": /],
    ] as const
  ) {
    const end = await job.end;
    assert.ok(end.type === "error", JSON.stringify(end));
    assert.equal(end.code, "hive_unreachable", end.message);
    assert.match(end.message, message);
    assert.match(end.message, ENDED);
  }
  await home.up();
  await home.spawn("gated");
  await home.end();
});

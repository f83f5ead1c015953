import assert from "node:assert/strict";
import { enginesAsModels, fixtureEngine, SupervisedHome } from "../helpers/supervised_home.ts";

const ask = (model: string) => ({ operation: "infer", model, prompt: "Hello", max_tokens: 2 });

Deno.test("a hive that is halted is unreachable after three missed beats, and waited for", async () => {
  await using home = await SupervisedHome.up(enginesAsModels({ gated: fixtureEngine("--gate") }));
  const before = await home.spawn("gated");
  const running = await home.watch(ask("gated"));
  const release = (count: number) =>
    fetch(`${before.url}/control/release?count=${count}`, { method: "POST" })
      .then((answer) => answer.json());
  await release(1);
  await running.token();
  const { pid } = await home.rbee.daemon("hive");

  Deno.kill(pid, "SIGSTOP");
  const lost = await home.untilQueenShows(({ hives }) => hives[0]?.state === "unreachable");
  assert.match(lost.hives[0]?.error ?? "", /has been silent for too long/);
  assert.deepEqual(lost.workers, [], "its workers are out of placement");
  const list = home.rbee.rbee(["hive", "list"]);
  const waiting = await home.watch(ask("gated"));
  const wait = await waiting.said("hive_wait");
  assert.match(wait.human, /^Waiting for hive "local": .*; end it with rbee down, then rbee up$/);
  assert.match((await list).stdout, /^local +unreachable /m);

  Deno.kill(pid, "SIGCONT");
  await home.untilQueenShows(({ hives }) => hives[0]?.state === "connected");
  await release(3);
  for (const job of [running, waiting]) {
    const end = await job.end;
    assert.equal(end.type, "done", JSON.stringify(end));
    assert.equal(job.text, "The bee");
  }
  const after = await home.worker("gated");
  assert.deepEqual(
    [after.worker_id, after.pid, after.state, after.restarts],
    [before.worker_id, before.pid, "ready", 0],
  );
  await home.end();
});

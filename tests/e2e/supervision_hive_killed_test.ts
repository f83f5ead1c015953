import assert from "node:assert/strict";
import { listProcesses } from "../../src/process/process_table.ts";
import { keptPort } from "../helpers/kept_port.ts";
import {
  enginesAsModels,
  fixtureEngine,
  isThere,
  SupervisedHome,
} from "../helpers/supervised_home.ts";

/** An answer that goes on for longer than any test: the context of its worker is that long. */
const ENDLESS = {
  operation: "infer",
  model: "bee-tiny",
  prompt: "the ".repeat(800),
  max_tokens: 100_000,
  temperature: 0,
};
const STUBBORN = ["--ignore-sigterm", "--forks", "3", "--fork-daemon"];

Deno.test("a hive killed takes its own workers along, and the next one ends what is left of engines that obey nothing", async () => {
  await using home = await SupervisedHome.up(
    enginesAsModels({
      slow: fixtureEngine(...STUBBORN, "--load-ms", "600000"),
      idle: fixtureEngine(...STUBBORN),
      gated: fixtureEngine(...STUBBORN, "--gate"),
    }),
    // As it has by default: the same each time it starts.
    { RBEE_HIVE_PORT: String(keptPort()) },
  );
  const loading = await home.watch({ operation: "worker_spawn", model: "slow" });
  await loading.seen((event) => event.type === "log" && /loading model/.test(event.line));
  await home.spawn("idle");
  const { url } = await home.spawn("gated");
  const answering = await home.watch({ operation: "infer", model: "gated", prompt: "Hello" });
  await (await fetch(`${url}/control/release`, { method: "POST" })).json();
  await answering.token();
  const engines = await home.family();
  assert.equal(engines.length, 15, "three engines, each with three children and a daemon");

  await home.spawn("bee-tiny", { context: 32_768, parallel: 1 });
  const ownAnswering = await home.watch(ENDLESS);
  await ownAnswering.token();
  await home.spawn("bee-tiny", { parallel: 2 });
  const ownLoading = await home.watch({
    operation: "worker_spawn",
    model: "bee-tiny",
    parallel: 3,
  });
  await ownLoading.said("listening");
  // It must not be ready before its hive is killed.
  const { fields } = await ownLoading.said("worker_spawn", /started$/);
  const loadingPid = Number(fields?.["pid"]);
  Deno.kill(loadingPid, "SIGSTOP");
  const before = await home.workers();
  assert.deepEqual(before.map(({ model, state }) => `${model} ${state}`), [
    "bee-tiny loading",
    "bee-tiny ready",
    "bee-tiny ready",
    "gated ready",
    "idle ready",
    "slow loading",
  ]);
  const own = (await home.family()).filter(({ pid }) => engines.every((each) => each.pid !== pid));
  // One that loads may have llama.cpp tried out in a process of its own, which for a moment is a fork
  // with its command line.
  const leaders = new Set(listProcesses().map(({ pgid }) => pgid));
  const workers = own.filter(({ pid, command }) =>
    leaders.has(pid) && command.includes("serve --role worker")
  );
  assert.equal(workers.length, 3, JSON.stringify(own));

  await home.kill("hive");
  Deno.kill(loadingPid, "SIGCONT");
  await home.assertGone(own);
  assert.equal(engines.filter(isThere).length, 15, "they know no pipe to their parent");
  const said = await home.up();
  assert.match(
    said,
    /\[hive {6}\] leftovers {6}: Ended 15 processes that a hive which was killed had/,
  );
  await home.assertGone(engines);

  for (const job of [answering, loading, ownAnswering, ownLoading]) {
    const end = await job.end;
    assert.ok(end.type === "error", JSON.stringify(end));
    assert.match(
      end.message,
      /^(Its hive was killed|The process that ran the job .* ended before)/,
    );
  }
  assert.equal(answering.text, "The", "what was answered before stays");
  assert.deepEqual(
    (await home.workers()).map((
      { worker_id, state, pid, error },
    ) => [worker_id, state, pid, error?.message]),
    before.map((
      { worker_id },
    ) => [worker_id, "failed", null, "Its hive was killed, and the worker ended with it"]),
  );
  const ready = await home.logLines(before[1]!.worker_id);
  assert.ok(ready.some((line) => /^Ready: bee-tiny/.test(line)), "its log is still there");
  assert.equal((await home.run({ operation: "worker_spawn", model: "idle" })).type, "done");
  await home.end();
});

Deno.test("rbee down ends what a killed hive has left", async () => {
  await using home = await SupervisedHome.up(
    enginesAsModels({ idle: fixtureEngine("--forks", "3", "--fork-daemon") }),
  );
  await home.spawn("idle");
  await home.spawn("bee-tiny");
  const family = await home.family();
  assert.equal(family.length, 6);
  await home.kill("hive");
  const { code, stderr } = await home.rbee.rbee(["down"]);
  assert.equal(code, 0, stderr);
  const left = family.filter(isThere);
  // The next hive ends them, so that this test leaves nothing.
  await home.up();
  await home.assertGone(family);
  assert.deepEqual(left.map(({ command }) => command), []);
  await home.end();
});

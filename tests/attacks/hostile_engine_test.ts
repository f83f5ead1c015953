import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import { newJobId } from "../../src/jobs/job_id.ts";
import { mostMemoryMib } from "../helpers/process_memory.ts";
import { enginesAsModels, fixtureEngine, SupervisedHome } from "../helpers/supervised_home.ts";

const MOST_GROWTH_MIB = 512;
const HELD = newJobId();

/** Settings of an engine that attacks who asks it. */
function hostile(attack: string, ...flags: string[]) {
  const program = fileURLToPath(new URL("../fixtures/hostile_engine.ts", import.meta.url));
  const deno = [Deno.execPath(), "run", "--allow-all", "--no-prompt", "--quiet", "--no-check"];
  const command = [...deno, "--no-lock", "--no-config", program, "--attack", attack, ...flags];
  return { command: [...command, "--port", "{port}"], narration: true };
}

/** What an engine answers with, and how the job ends that it was asked for. */
const ATTACKS: Record<string, JobEvent["type"]> = {
  headers: "error",
  line: "error",
  error: "error",
  schema: "error",
  nested: "error",
  prototype: "error",
  numbers: "done",
  ends: "done",
  redirect: "error",
  bomb: "error",
  output: "done",
  forge: "done",
};
/** Those that never end, until who asked for them has enough. */
const ENDLESS = ["comments", "tokens"];

Deno.test("what an engine answers and prints ends its own job in words, and reaches no other", async () => {
  const all = [...Object.keys(ATTACKS), ...ENDLESS];
  await using home = await SupervisedHome.up(enginesAsModels({
    ...Object.fromEntries(all.map((attack) => [attack, hostile(attack, "--job", HELD)])),
    good: fixtureEngine(),
    held: fixtureEngine("--gate"),
  }));
  const { job_id } = await home.queen.submit(
    { operation: "infer", model: "held", prompt: "Fly", max_tokens: 1 },
    { jobId: HELD },
  );
  assert.equal(job_id, HELD);
  await home.spawn("good");
  const memory = async () => {
    const daemons = await Promise.all([home.rbee.daemon("queen"), home.rbee.daemon("hive")]);
    return await Promise.all(daemons.map(({ pid }) => mostMemoryMib(pid)));
  };
  const before = await memory();
  const assertOthersAreWell = async (what: string) => {
    const end = await home.run({ operation: "infer", model: "good", prompt: "Fly", max_tokens: 2 });
    assert.equal(end.type, "done", `${what}: ${JSON.stringify(end)}`);
    (await memory()).forEach((now, at) => {
      const grown = Math.round(now - before[at]!);
      assert.ok(
        grown < MOST_GROWTH_MIB,
        `${what}: the ${["queen", "hive"][at]} has ${grown} MiB more`,
      );
    });
  };
  for (const attack of all) {
    const job = await home.watch({
      operation: "infer",
      model: attack,
      prompt: "Fly",
      max_tokens: 2,
    });
    if (ENDLESS.includes(attack)) {
      await (attack === "tokens" ? job.token() : home.workerIs(attack, "ready"));
      await assertOthersAreWell(attack);
      await home.queen.cancel(job.jobId);
    }
    const end = await job.end;
    const expected = ATTACKS[attack] ?? "cancelled";
    assert.equal(end.type, expected, `${attack}: ${JSON.stringify(end).slice(0, 1000)}`);
    if (end.type === "error") assert.match(end.message, /^.{10,2000}$/);
    if (end.type === "done") {
      assert.equal(job.text, "a", attack);
      assert.ok(Object.values(end.usage ?? {}).every((count) => Number.isSafeInteger(count)));
    }
    assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
    await assertOthersAreWell(attack);
    const worker = await home.worker(attack);
    const stop = await home.run({ operation: "worker_stop", worker_id: worker.worker_id });
    assert.equal(stop.type, "done", JSON.stringify(stop));
  }
  const { url } = await home.worker("held");
  await (await fetch(`${url}/control/release`, { method: "POST" })).body?.cancel();
  const untouched = await (await fetch(`${home.queen.baseUrl}/v1/jobs/${HELD}/stream`)).text();
  assert.match(untouched, /event: done/);
  assert.doesNotMatch(untouched, /forged/);
  await home.end();
});

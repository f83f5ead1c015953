import assert from "node:assert/strict";
import { SupervisedHome } from "../helpers/supervised_home.ts";
import { checkWithPromtool, hasPromtool } from "../helpers/promtool.ts";

async function figuresAt(url: string): Promise<string> {
  const answer = await fetch(`${url}/metrics`);
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return text;
}

/** The values of a figure whose labels have all of these. */
function values(figures: string, name: string, ...labels: string[]): number[] {
  return figures.split("\n")
    .filter((line) => line.startsWith(`rbee_${name}{`) || line.startsWith(`rbee_${name} `))
    .filter((line) => labels.every((label) => line.includes(label)))
    .map((line) => Number(line.split(" ").at(-1)));
}

Deno.test("after real work the figures of queen, hive and worker tell of it", async (t) => {
  await using home = await SupervisedHome.up();
  const ask = { operation: "infer", model: "bee-tiny", max_tokens: 8, temperature: 0 };
  let generated = 0;
  // Answers of several tokens both, or there is no time between them to be counted.
  for (const content of ["Hello", "Tell me of Luna."]) {
    const end = await home.run({ ...ask, messages: [{ role: "user", content }] });
    assert.ok(end.type === "done" && end.usage !== undefined, JSON.stringify(end));
    generated += end.usage.completion_tokens;
  }
  assert.equal((await home.run({ ...ask, prompt: "Once", model: "no-such-model" })).type, "error");
  await (await fetch(`${home.queen.baseUrl}/v1/jobs/x`)).text();
  const { worker_id, url } = await home.worker("bee-tiny");
  const [queen, hive, worker] = await Promise.all([
    figuresAt(home.queen.baseUrl),
    figuresAt(home.hive.baseUrl),
    figuresAt(url!),
  ]);

  const infer = 'operation="infer"';
  assert.deepEqual(values(queen, "jobs_total", infer, 'state="done"'), [2]);
  assert.deepEqual(values(queen, "jobs_total", infer, 'state="error"'), [1]);
  assert.deepEqual(values(queen, "tokens_generated_total"), [generated]);
  assert.deepEqual(values(queen, "time_to_first_token_seconds_count"), [2]);
  assert.deepEqual(values(queen, "time_per_token_seconds_count"), [2]);
  assert.deepEqual(values(queen, "hives", 'state="connected"'), [1]);
  assert.deepEqual(values(queen, "workers", 'state="ready"'), [1]);
  assert.deepEqual(values(queen, "queue_wait_seconds_count"), [3]);
  assert.deepEqual(values(queen, "queue_length"), [0]);
  const unknown = 'route="/v1/jobs/:id",status="404"';
  assert.deepEqual(values(queen, "http_requests_total", unknown), [1]);
  assert.deepEqual(values(queen, "refusals_total", 'code="job_not_found"'), [1]);
  assert.ok(values(queen, "journal_size_bytes")[0]! > 1000);
  assert.ok(values(queen, "journal_writes_total")[0]! > 0);

  assert.deepEqual(values(worker, "tokens_generated_total"), [generated]);
  assert.deepEqual(values(worker, "queue_wait_seconds_count"), [2]);
  // Those of its worker stand at the hive, with the worker's name beside them.
  const ofWorker = [`worker_id="${worker_id}"`, 'model="bee-tiny"'];
  assert.deepEqual(values(hive, "tokens_generated_total", 'role="worker"', ...ofWorker), [
    generated,
  ]);
  assert.deepEqual(values(hive, "worker_restarts_total", ...ofWorker), [0]);
  assert.deepEqual(values(hive, "workers", 'role="hive"', 'state="ready"'), [1]);
  assert.ok(values(hive, "worker_resident_memory_bytes", ...ofWorker)[0]! > 1e6);
  assert.deepEqual(values(hive, "jobs_total", 'operation="worker_spawn"', 'state="done"'), [1]);
  for (const figures of [queen, hive, worker]) {
    assert.ok(!figures.includes("no-such-model"), "a name that somebody gave is a label");
    assert.ok(figures.split("\n").every((line) => /^(rbee_|# (HELP|TYPE) rbee_|$)/.test(line)));
  }

  await t.step({
    name: hasPromtool()
      ? "promtool finds nothing to mend in them"
      : "promtool is not here (Debian's package prometheus), so it does not look at them",
    ignore: !hasPromtool(),
    async fn() {
      for (const figures of [queen, hive, worker]) await checkWithPromtool(figures);
    },
  });

  Deno.kill((await home.worker("bee-tiny")).pid!, "SIGKILL");
  await home.workerIs("bee-tiny", "ready", ({ restarts }) => restarts === 1);
  const after = await figuresAt(home.hive.baseUrl);
  assert.deepEqual(values(after, "worker_restarts_total", ...ofWorker), [1]);
  await home.end();
});

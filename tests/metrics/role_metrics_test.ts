import assert from "node:assert/strict";
import { RoleMetrics } from "../../src/metrics/role_metrics.ts";
import { Tally } from "../../src/metrics/tally.ts";
import { checkWithPromtool, hasPromtool } from "../helpers/promtool.ts";

const line = (text: string, name: string) =>
  text.split("\n").find((each) => each.startsWith(`rbee_${name}`));

Deno.test("RoleMetrics reads a figure when it is asked for, and not before", async () => {
  using metrics = new RoleMetrics("queen");
  let read = 0;
  metrics.gauge({ name: "x", help: "X" }, () => ++read);
  assert.equal(read, 0);
  assert.equal(line(await metrics.text(), "x"), 'rbee_x{role="queen"} 1');
  assert.equal(line(await metrics.text(), "x"), 'rbee_x{role="queen"} 2');
});

Deno.test("RoleMetrics of two roles in one process share nothing", async () => {
  using queen = new RoleMetrics("queen");
  using hive = new RoleMetrics("hive");
  queen.counter({ name: "x_total", help: "X" }, () => 1);
  hive.counter({ name: "x_total", help: "X" }, () => 2);
  assert.equal(line(await queen.text(), "x_total"), 'rbee_x_total{role="queen"} 1');
  assert.equal(line(await hive.text(), "x_total"), 'rbee_x_total{role="hive"} 2');
});

Deno.test("RoleMetrics shows a label for as long as there is something with it", async () => {
  using metrics = new RoleMetrics("hive");
  let workers = ["a", "b"];
  metrics.gauge(
    { name: "w", help: "W", labels: ["model"] },
    () => workers.map((model) => ({ labels: { model }, value: 1 })),
  );
  assert.equal((await metrics.text()).match(/^rbee_w\{/gm)?.length, 2);
  workers = ["b"];
  assert.equal((await metrics.text()).match(/^rbee_w\{/gm)?.length, 1);
});

Deno.test("RoleMetrics counts the values of a histogram in its buckets", async () => {
  using metrics = new RoleMetrics("hive");
  const observe = metrics.histogram({ name: "wait_seconds", help: "H", buckets: [1, 2] });
  for (const value of [0.5, 1.5, 1.5, 9]) observe(value);
  const text = await metrics.text();
  assert.equal(
    line(text, 'wait_seconds_bucket{le="2"'),
    'rbee_wait_seconds_bucket{le="2",role="hive"} 3',
  );
  assert.equal(line(text, "wait_seconds_count"), 'rbee_wait_seconds_count{role="hive"} 4');
});

Deno.test("RoleMetrics has the figures of other processes beside its own", async () => {
  using metrics = new RoleMetrics("hive");
  metrics.addElsewhere(() =>
    Promise.resolve([{
      text: '# TYPE rbee_build_info gauge\nrbee_build_info{role="worker"} 1\n',
      labels: { worker_id: "w" },
    }])
  );
  const lines = (await metrics.text()).match(/^rbee_build_info.*/gm);
  assert.equal(lines?.length, 2);
  assert.equal(lines[1], 'rbee_build_info{role="worker",worker_id="w"} 1');
});

Deno.test("RoleMetrics tells memory, processor, start and lag of its process", async () => {
  using metrics = new RoleMetrics("worker");
  const text = await metrics.text();
  const value = (name: string) => Number(line(text, name)?.split(" ").at(-1));
  assert.ok(value("process_resident_memory_bytes") > 1e6);
  assert.ok(value("process_cpu_seconds_total") > 0);
  assert.ok(Math.abs(value("process_start_time_seconds") - Date.now() / 1000) < 3600);
  assert.match(line(text, "event_loop_lag_seconds_count") ?? "", / \d+$/);
});

Deno.test({
  name: hasPromtool()
    ? "promtool finds nothing to mend in the figures of a role"
    : "promtool is not here (Debian's package prometheus), so it does not look at figures of a role",
  ignore: !hasPromtool(),
  async fn() {
    using metrics = new RoleMetrics("hive");
    metrics.histogram({ name: "wait_seconds", help: "H", buckets: [1] })(1);
    await checkWithPromtool(await metrics.text());
    await assert.rejects(checkWithPromtool("# TYPE rbee_x counter\nrbee_x 1\n"));
  },
});

Deno.test("Tally counts each combination of labels for itself", () => {
  const tally = new Tally();
  tally.add({ a: "1", b: "2" });
  tally.add({ a: "1", b: "2" });
  tally.add({ a: "1", b: "3" });
  assert.deepEqual(tally.figures, [
    { labels: { a: "1", b: "2" }, value: 2 },
    { labels: { a: "1", b: "3" }, value: 1 },
  ]);
});

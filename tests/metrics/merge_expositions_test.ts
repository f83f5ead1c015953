import assert from "node:assert/strict";
import { mergeExpositions } from "../../src/metrics/merge_expositions.ts";

const own = [
  "# HELP rbee_jobs_total Jobs",
  "# TYPE rbee_jobs_total counter",
  'rbee_jobs_total{role="hive"} 2',
  "",
].join("\n");
const ofWorker = (sample: string) =>
  `# HELP rbee_jobs_total Jobs\n# TYPE rbee_jobs_total counter\n${sample}\n`;
const labels = { worker_id: "worker-1", model: "a" };
const merged = (sample: string) =>
  mergeExpositions([{ text: own }, { text: ofWorker(sample), labels }]);

Deno.test("mergeExpositions() puts under one head what several say under one name, with the labels of each", () => {
  assert.equal(
    merged('rbee_jobs_total{role="worker"} 3'),
    own + 'rbee_jobs_total{role="worker",worker_id="worker-1",model="a"} 3\n',
  );
  assert.equal(
    merged("rbee_jobs_total 3"),
    own + 'rbee_jobs_total{worker_id="worker-1",model="a"} 3\n',
  );
});

Deno.test("mergeExpositions() escapes the labels that it adds", () => {
  const text = ofWorker("rbee_jobs_total 1");
  const line = mergeExpositions([{ text, labels: { model: 'a"b\\c\nd' } }]).split("\n").at(-2);
  assert.equal(line, 'rbee_jobs_total{model="a\\"b\\\\c\\nd"} 1');
});

for (
  const [what, line] of [
    ["of another program", "evil_total 1"],
    ["that is no number", "rbee_jobs_total 1.2.3"],
    ["with a time", "rbee_jobs_total 1 1700000000000"],
    ["of another name than the head", "rbee_job_duration 1"],
    ["with a label that is added", 'rbee_jobs_total{worker_id="worker-2"} 1'],
    ["with a label that is added behind another", 'rbee_jobs_total{a="b",model="x"} 1'],
    ["with a label that does not end", 'rbee_jobs_total{a="b} 1'],
    ["with words behind it", "rbee_jobs_total 1 # {} 1"],
  ] as const
) {
  Deno.test(`mergeExpositions() leaves out a line ${what}`, () => {
    assert.equal(merged(line), own);
  });
}

Deno.test("mergeExpositions() takes each figure and each head once, and no type that there is none of", () => {
  const twice = ofWorker('rbee_jobs_total{role="worker"} 3\nrbee_jobs_total{role="worker"} 4');
  const merged = mergeExpositions([{ text: twice + twice }]);
  assert.equal(merged.match(/# HELP/g)?.length, 1);
  assert.equal(merged.match(/# TYPE/g)?.length, 1);
  assert.deepEqual(merged.match(/^rbee.*/gm), ['rbee_jobs_total{role="worker"} 3']);
  assert.equal(mergeExpositions([{ text: "# TYPE rbee_x dial\nrbee_x 1\n" }]), "");
});

Deno.test("mergeExpositions() keeps the parts of a histogram together", () => {
  const text = [
    "# HELP rbee_a_seconds A",
    "# TYPE rbee_a_seconds histogram",
    'rbee_a_seconds_bucket{le="+Inf"} 1',
    "rbee_a_seconds_sum 0.5",
    "rbee_a_seconds_count 1",
    "",
  ].join("\n");
  assert.equal(mergeExpositions([{ text }]), text);
});

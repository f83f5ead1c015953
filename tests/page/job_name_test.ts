import assert from "node:assert/strict";
import { jobName } from "../../src/page/job_name.ts";

Deno.test("jobName() names the model where there is one", () => {
  assert.equal(jobName({ operation: "infer", model: "bee-tiny" }), "infer with bee-tiny");
  assert.equal(jobName({ operation: "hive_list" }), "hive_list");
});

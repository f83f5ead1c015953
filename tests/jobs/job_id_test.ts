import assert from "node:assert/strict";
import { jobIdSchema } from "../../src/contracts/identifiers.ts";
import { jobIdTimeMs, newJobId } from "../../src/jobs/job_id.ts";

Deno.test("newJobId() makes job- and a UUIDv7 whose time is now", () => {
  const before = Date.now();
  const id = newJobId();
  const after = Date.now();
  jobIdSchema.parse(id);
  const time = jobIdTimeMs(id);
  assert.ok(before <= time && time <= after, `${before} <= ${time} <= ${after}`);
});

Deno.test("newJobId() never repeats and sorts by its making", () => {
  const ids = Array.from({ length: 1000 }, newJobId);
  assert.equal(new Set(ids).size, 1000);
  assert.deepEqual([...ids].sort(), ids);
});

Deno.test("jobIdTimeMs() reads the example of RFC 9562", () => {
  assert.equal(jobIdTimeMs("job-017f22e2-79b0-7cc3-98c4-dc0c0c07398f"), 0x017f22e279b0);
});

import assert from "node:assert/strict";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { JobClient } from "../../src/jobs/job_client.ts";
import { useToken } from "../../src/http/bearer_tokens.ts";
import { LimitedRole } from "../helpers/limited_role.ts";

const INFER = {
  operation: "infer",
  model: "bee-tiny",
  messages: [{ role: "user", content: "open" }],
};

/** A client that shows a token of the role infer, and what it was told on its way. */
function clientOf(role: LimitedRole, limitPatienceMs?: number) {
  const told: { error: RbeeError; waitMs: number }[] = [];
  const forget = useToken(role.role.url, "rbee_ann");
  const client = new JobClient(role.role.url, {
    ...(limitPatienceMs !== undefined && { limitPatienceMs }),
    onReconnect(loss) {
      told.push(loss);
      // The wait itself is real, and a second is what it is told.
      role.nowMs += loss.waitMs;
    },
  });
  return { client, told, [Symbol.dispose]: forget };
}

Deno.test("JobClient waits as it is told where it asks too often, and is answered then", async () => {
  await using role = new LimitedRole({ infer: { requests_per_second: 1, burst: 1 } });
  role.gates.open("open");
  using asked = clientOf(role);
  const first = await asked.client.submitAndStream(INFER, () => {});
  assert.equal(first.type, "done");
  assert.equal(asked.told.length, 0);
  const second = await asked.client.submitAndStream(INFER, () => {});
  assert.equal(second.type, "done");
  assert.deepEqual(asked.told.map(({ error, waitMs }) => [error.code, waitMs]), [
    ["rate_limit_exceeded", 1000],
  ]);
  assert.equal(role.role.asked.length, 2);
});

Deno.test("JobClient.stream() waits as it is told, too, and misses nothing", async () => {
  await using role = new LimitedRole({ infer: { requests_per_second: 1, burst: 1 } });
  role.gates.open("open");
  using asked = clientOf(role);
  const { job_id } = await asked.client.submit(INFER);
  const events = await Array.fromAsync(asked.client.stream(job_id));
  assert.deepEqual(events.map(({ type }) => type), ["token", "done"]);
  assert.deepEqual(asked.told.map(({ waitMs }) => waitMs), [1000]);
});

Deno.test("JobClient gives up where it would have to wait longer than its patience", async () => {
  await using role = new LimitedRole({ infer: { jobs: 1 } });
  using asked = clientOf(role, 1000);
  await asked.client.submit(INFER);
  await role.gates.reached("open");
  await assert.rejects(asked.client.submitAndStream(INFER, () => {}), {
    code: "too_many_jobs",
    details: { jobs: 1, retry_after_s: 5 },
  });
  assert.deepEqual(asked.told, []);
});

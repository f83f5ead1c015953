import assert from "node:assert/strict";
import { healthSchema } from "../../src/contracts/health.ts";
import { HealthState } from "../../src/http/health.ts";
import { VERSION } from "../../src/version.ts";
import { INSTANCE } from "../helpers/test_role.ts";

Deno.test("HealthState.view() tells the role, version, instance and age of the process", () => {
  const health = new HealthState("worker", INSTANCE);
  const first = healthSchema.parse(health.view());
  const { uptime_ms, ...rest } = first;
  assert.deepEqual(rest, {
    status: "starting",
    role: "worker",
    version: VERSION,
    instance: INSTANCE,
  });
  assert.ok(uptime_ms >= 0 && uptime_ms < 60_000);
  health.status = "ok";
  const second = health.view();
  assert.equal(second.status, "ok");
  assert.ok(second.uptime_ms >= uptime_ms);
});

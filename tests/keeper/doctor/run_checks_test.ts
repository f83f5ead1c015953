import assert from "node:assert/strict";
import { RbeeError } from "../../../src/base/rbee_error.ts";
import type { Check, Finding } from "../../../src/keeper/doctor/finding.ts";
import { runChecks } from "../../../src/keeper/doctor/run_checks.ts";
import { DoctorContext } from "../../helpers/doctor_context.ts";

const fine = (name: string): Finding => ({ name, status: "ok", message: "It is fine" });

Deno.test("runChecks() runs all at once and gives their findings in the order of the checks", async () => {
  await using home = await DoctorContext.make();
  const second = Promise.withResolvers<void>();
  const checks: Check[] = [
    // It ends only because the one after it runs, too.
    { name: "first", look: () => second.promise.then(() => [fine("a"), fine("b")]) },
    {
      name: "second",
      look() {
        second.resolve();
        return Promise.resolve([fine("c")]);
      },
    },
    { name: "none", look: () => Promise.resolve([]) },
  ];
  assert.deepEqual(await runChecks(checks, home.context), [fine("a"), fine("b"), fine("c")]);
});

Deno.test("runChecks() makes a finding of what a check throws", async () => {
  await using home = await DoctorContext.make();
  const look = () => Promise.reject(new RbeeError("odd", "It is odd"));
  assert.deepEqual(await runChecks([{ name: "odd", look }], home.context), [
    { name: "odd", status: "failed", message: "It is odd" },
  ]);
});

Deno.test("runChecks() gives up a check that takes too long, and tells it so", async () => {
  await using home = await DoctorContext.make();
  const told = Promise.withResolvers<void>();
  const slow: Check = {
    name: "slow",
    look({ signal }) {
      signal.addEventListener("abort", () => told.resolve());
      return Promise.withResolvers<Finding[]>().promise;
    },
  };
  const [finding] = await runChecks([slow], home.context, { limitMs: 5 });
  await told.promise;
  assert.deepEqual([finding?.name, finding?.status], ["slow", "failed"]);
  assert.equal(finding?.message, "This could not be found out within 0.005 s");
});

Deno.test("runChecks() ends at once with the reason of the signal", async () => {
  await using home = await DoctorContext.make();
  const abort = new AbortController();
  const look = () => Promise.withResolvers<Finding[]>().promise;
  const { settings } = home.context;
  const running = runChecks([{ name: "slow", look }], { settings, signal: abort.signal });
  abort.abort(new Error("enough"));
  await assert.rejects(running, /^Error: enough$/);
});

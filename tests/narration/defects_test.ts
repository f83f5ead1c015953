import assert from "node:assert/strict";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { createApp } from "../../src/http/app.ts";
import { HealthState } from "../../src/http/health.ts";
import { onDefect, reportDefect } from "../../src/narration/defects.ts";
import { startLocalJob } from "../helpers/local_job.ts";

const MARK = "xylomarigoldquartz";

/** The lines that the operator is told while `body` runs. */
async function told(body: () => unknown): Promise<string[]> {
  const lines: string[] = [];
  const remove = onDefect((line) => void lines.push(line));
  try {
    await body();
  } finally {
    remove();
  }
  return lines;
}

function broken(): never {
  throw new TypeError(`cannot read ${MARK}\n    at ${MARK}`);
}

Deno.test("a defect of a route is told with its kind and its way, without its words", async () => {
  const app = createApp({ health: new HealthState("queen", "x"), requestShutdown: () => {} });
  app.get("/v1/broken", () => broken());
  const lines = await told(() => app.request("http://127.0.0.1/v1/broken"));
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /^defect: TypeError at broken \(.*defects_test\.ts:\d+:\d+\) < /);
  assert.ok(!lines[0]!.includes(MARK), lines[0]);
});

Deno.test("a defect in a job is told, too", async () => {
  const lines = await told(() => startLocalJob(() => Promise.resolve().then(broken)).ended);
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /^defect: TypeError at broken /);
});

Deno.test("what was foreseen is no defect: an error that says what to do, and the end of a job that was cancelled", async () => {
  const lines = await told(async () => {
    await startLocalJob(() => Promise.reject(new RbeeError("timeout", "It took too long"))).ended;
    const { job, ended } = startLocalJob(({ signal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))
    );
    job.cancel("on request");
    await ended;
  });
  assert.deepEqual(lines, []);
});

Deno.test("a defect without a way is told all the same, and what is no error is none", async () => {
  const error = new Error("x");
  delete error.stack;
  error.name = `${MARK} ${MARK}`;
  const lines = await told(() => {
    reportDefect(error);
    reportDefect("text");
    reportDefect(undefined);
  });
  assert.deepEqual(lines, ["defect: Error at an unknown place"]);
});

import assert from "node:assert/strict";
import { z } from "zod";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { errorBodySchema } from "../../src/contracts/error_body.ts";
import { createApp } from "../../src/http/app.ts";
import { HealthState } from "../../src/http/health.ts";
import { newJobId } from "../../src/jobs/job_id.ts";
import { JobRegistry } from "../../src/jobs/job_registry.ts";
import { jobRoutes } from "../../src/jobs/job_routes.ts";
import { operation } from "../../src/jobs/operation_handler.ts";
import { Gates } from "../helpers/gates.ts";
import { INSTANCE } from "../helpers/test_role.ts";

/** A role that has room for so many jobs of its one operation, each of which waits at its gate. */
class CrowdedRole implements AsyncDisposable {
  readonly registry = new JobRegistry();
  readonly gates = new Gates();
  room: number;
  /** How often it was asked whether there is room. */
  asked = 0;
  runs = 0;
  accepting = true;
  readonly #app = createApp({ health: new HealthState("hive", INSTANCE), requestShutdown() {} });

  constructor(room: number) {
    this.room = room;
    const schema = z.strictObject({ operation: z.literal("sit"), gate: z.string() });
    const sit = operation(schema, { kind: "total", ms: 60_000 }, async ({ gate }) => {
      this.room--;
      this.runs++;
      await this.gates.pass(gate);
      this.room++;
      return { result: gate };
    }, { admit: () => this.#admit() });
    this.#app.route(
      "/",
      jobRoutes({
        registry: this.registry,
        handlers: { sit },
        accepting: () => this.accepting,
      }),
    );
  }

  #admit(): void {
    this.asked++;
    if (this.room > 0) return;
    throw new RbeeError("queue_full", "Nobody more fits in", { details: { retry_after_s: 7 } });
  }

  async submit(gate: string, fields: Record<string, unknown> = {}): Promise<Response> {
    return await this.#app.request("/v1/jobs", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ operation: "sit", gate, ...fields }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.gates.openAll();
    await Promise.all(this.registry.active().map((job) => job.ended));
  }
}

async function codeOf(answer: Response): Promise<string> {
  return errorBodySchema.parse(await answer.json()).error.code;
}

Deno.test("POST /v1/jobs answers with what admit throws, and makes no job", async () => {
  await using role = new CrowdedRole(0);
  const jobId = newJobId();
  const answer = await role.submit("a", { job_id: jobId });
  assert.deepEqual([answer.status, answer.headers.get("retry-after")], [503, "7"]);
  assert.deepEqual(await answer.json(), {
    error: {
      code: "queue_full",
      message: "Nobody more fits in",
      type: "server_error",
      details: { retry_after_s: 7 },
    },
  });
  assert.deepEqual([role.runs, role.registry.list({})], [0, []]);
  assert.equal(role.registry.find(jobId), undefined);
});

Deno.test("POST /v1/jobs admits jobs for as long as there is room, also when they come at once", async () => {
  await using role = new CrowdedRole(2);
  const answers = await Promise.all(["a", "b", "c", "d"].map((gate) => role.submit(gate)));
  assert.deepEqual(answers.map(({ status }) => status), [202, 202, 503, 503]);
  assert.equal(role.runs, 2);
});

Deno.test("POST /v1/jobs admits another once one has ended", async () => {
  await using role = new CrowdedRole(1);
  const { job_id } = await (await role.submit("a")).json();
  assert.equal((await role.submit("b")).status, 503);
  role.gates.open("a");
  await role.registry.get(job_id).ended;
  assert.equal((await role.submit("c")).status, 202);
});

Deno.test("POST /v1/jobs does not refuse the repeat of a job that it has, running or ended", async () => {
  await using role = new CrowdedRole(1);
  const jobId = newJobId();
  assert.equal((await role.submit("a", { job_id: jobId })).status, 202);
  role.room = 0;
  const repeat = await role.submit("a", { job_id: jobId });
  assert.deepEqual([repeat.status, (await repeat.json()).job_id], [202, jobId]);
  role.gates.open("a");
  await role.registry.get(jobId).ended;
  role.room = 0;
  assert.equal((await role.submit("a", { job_id: jobId })).status, 202);
  assert.deepEqual([role.asked, role.runs], [1, 1]);
});

Deno.test("POST /v1/jobs admits nothing that does not fit, and nothing while the role ends", async () => {
  await using role = new CrowdedRole(0);
  assert.equal(await codeOf(await role.submit("a", { more: 1 })), "invalid_request");
  role.accepting = false;
  assert.equal(await codeOf(await role.submit("a")), "shutting_down");
  assert.equal(role.asked, 0);
});

import assert from "node:assert/strict";
import { jobListSchema, jobViewSchema } from "../../../src/contracts/job.ts";
import { RbeeHome } from "../../helpers/rbee_home.ts";
import { startTestRole, type TestRole } from "../../helpers/test_role.ts";

const STORY = { operation: "story", words: ["once", " upon"] };

/** Submits a job and waits for its end. */
async function finished(role: TestRole, body: { operation: string }): Promise<string> {
  const { job_id } = await role.client.submit(body);
  for await (const _ of role.client.stream(job_id)) {
    // Its end is what is waited for.
  }
  return job_id;
}

Deno.test("rbee job list shows jobs in a table, newest first, with the reason of those that failed", async () => {
  await using home = await RbeeHome.create();
  await using role = startTestRole();
  const list = (...args: string[]) => home.rbee(["job", "list", "--queen", role.url, ...args]);
  assert.deepEqual(await list(), { code: 0, stdout: "No jobs\n", stderr: "" });
  const story = await finished(role, STORY);
  const failed = await finished(role, { operation: "fail", code: "x" } as { operation: string });
  const { stdout } = await list();
  const [head, first, second, ...rest] = stdout.trimEnd().split("\n");
  const columns = ["JOB", "OPERATION", "STATE", "CREATED", "TOOK", "MODEL", "ERROR"];
  assert.deepEqual(head?.split(/ +/), columns);
  assert.match(first!, RegExp(`^${failed} +fail +error .* \\d\\.\\d s +Cannot find the wheel$`));
  assert.match(second!, RegExp(`^${story} +story +done .* \\d\\.\\d s$`));
  assert.deepEqual(rest, []);
  const done = await list("--state", "done", "--json");
  const { jobs } = jobListSchema.parse(JSON.parse(done.stdout));
  assert.deepEqual(jobs.map(({ job_id }) => job_id), [story]);
  const limited = await list("--limit", "1", "--json");
  assert.equal(JSON.parse(limited.stdout).jobs[0].job_id, failed);
});

Deno.test("rbee job list and show name the model that a job was asked for", async () => {
  await using home = await RbeeHome.create();
  await using role = startTestRole();
  const { job } = role.server.registry.create({ operation: "infer", model: "hf:bees/honey" });
  const listed = await home.rbee(["job", "list", "--queen", role.url]);
  assert.match(listed.stdout, RegExp(`^${job.id} +infer +queued .* hf:bees/honey$`, "m"));
  const shown = await home.rbee(["job", "show", job.id, "--queen", role.url]);
  assert.equal(jobViewSchema.parse(JSON.parse(shown.stdout)).model, "hf:bees/honey");
});

Deno.test("rbee job show prints what is known of a job", async () => {
  await using home = await RbeeHome.create();
  await using role = startTestRole();
  const id = await finished(role, STORY);
  const { code, stdout, stderr } = await home.rbee(["job", "show", id, "--queen", role.url]);
  assert.deepEqual([code, stderr], [0, ""]);
  const view = jobViewSchema.parse(JSON.parse(stdout));
  assert.deepEqual([view.job_id, view.state, view.result], [id, "done", { words: 2 }]);
});

for (const command of ["show", "watch", "cancel"]) {
  Deno.test(`rbee job ${command} of a job that is not there exits with 1 and names it`, async () => {
    await using home = await RbeeHome.create();
    await using role = startTestRole();
    for (const id of ["job-019c1234-5678-7abc-8def-0123456789ab", "../../health", "x y"]) {
      const { code, stdout, stderr } = await home.rbee(["job", command, id, "--queen", role.url]);
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, /^Error: [^\n]+\n$/);
      assert.ok(stderr.includes(id), stderr);
    }
  });
}

Deno.test("rbee job watch shows a job from its begin, the answer alone on standard output", async () => {
  await using home = await RbeeHome.create();
  await using role = startTestRole();
  const id = await finished(role, STORY);
  const watch = (...args: string[]) =>
    home.rbee(["job", "watch", id, "--queen", role.url, ...args]);
  const whole = await watch();
  assert.deepEqual([whole.code, whole.stdout], [0, "once upon"]);
  assert.match(whole.stderr, /story_begin.*\n.*story_end/);
  assert.equal((await watch("--after", "2")).stdout, " upon");
  assert.deepEqual(await watch("--quiet"), { code: 0, stdout: "once upon", stderr: "" });
  const json = await watch("--json");
  const types = json.stdout.trimEnd().split("\n").map((line) => JSON.parse(line).type);
  assert.deepEqual(types, ["narration", "token", "token", "narration", "done"]);
  assert.equal(json.stderr, "");
});

Deno.test("rbee job watch exits with the status of the job's end", async () => {
  await using home = await RbeeHome.create();
  await using role = startTestRole();
  const fail = { operation: "fail", code: "hive_unreachable" };
  const failed = await finished(role, fail);
  const { code, stderr } = await home.rbee(["job", "watch", failed, "--queen", role.url]);
  assert.deepEqual([code, stderr], [3, "Error: Cannot find the wheel\n"]);
  const { job_id } = await role.client.submit({ operation: "hold", gate: "g" });
  await role.gates.reached("g");
  await role.client.cancel(job_id);
  const cancelled = await home.rbee(["job", "watch", job_id, "--queen", role.url]);
  assert.equal(cancelled.code, 1);
  assert.match(cancelled.stderr, /Error: The job was cancelled: on request\n$/);
});

Deno.test("rbee job watch that is left with Ctrl-C exits with 130 and leaves the job alone", async () => {
  await using home = await RbeeHome.create();
  await using role = startTestRole();
  const { job_id } = await role.client.submit({ operation: "hold", gate: "g" });
  const watching = home.start(["job", "watch", job_id, "--queen", role.url]);
  await watching.line(/Waiting at g/);
  watching.signal("SIGINT");
  const { code, stderr } = await watching.result;
  assert.equal(code, 130);
  assert.match(stderr, /Error: Interrupted\n$/);
  assert.equal((await role.client.get(job_id)).state, "running");
});

Deno.test("rbee job cancel returns when all that the job started has ended", async () => {
  await using home = await RbeeHome.create();
  await using role = startTestRole();
  const { job_id } = await role.client.submit({ operation: "hold", gate: "g", cleanup: "c" });
  await role.gates.reached("g");
  const cancelling = home.start(["job", "cancel", job_id, "--queen", role.url]);
  await role.gates.reached("c");
  assert.equal((await role.client.get(job_id)).state, "running");
  role.gates.open("c");
  assert.deepEqual(await cancelling.result, {
    code: 0,
    stdout: `Job ${job_id} has ended: cancelled\n`,
    stderr: "",
  });
  assert.equal((await role.client.get(job_id)).state, "cancelled");
  const again = await home.rbee(["job", "cancel", job_id, "--queen", role.url]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /has already ended \(cancelled\); there is nothing to cancel/);
});

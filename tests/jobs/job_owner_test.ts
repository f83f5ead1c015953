import assert from "node:assert/strict";
import { useToken } from "../../src/http/bearer_tokens.ts";
import { JobClient } from "../../src/jobs/job_client.ts";
import { openKeptJobs } from "../../src/jobs/kept_jobs.ts";
import { newJobId } from "../../src/jobs/job_id.ts";
import { mayReach } from "../../src/jobs/job_owner.ts";
import { JobRegistry } from "../../src/jobs/job_registry.ts";
import { startRoleServer } from "../../src/jobs/role_server.ts";
import { fixtureOperations } from "../helpers/fixture_operations.ts";
import { JournalFolder } from "../helpers/journal_folder.ts";
import { journalSettings } from "../helpers/kept_role.ts";
import { HELD, HELD_ACCESS, type Holder, send } from "../helpers/token_holders.ts";

/** A role that asks everybody for a token, where one of the role infer may submit `hold` and `story`. */
function startRole(registry = new JobRegistry()) {
  const { handlers, gates } = fixtureOperations();
  for (const name of ["hold", "story"]) handlers[name]!.permitInfer = () => {};
  const server = startRoleServer({
    role: "queen",
    host: "127.0.0.1",
    port: 0,
    handlers,
    registry,
    access: HELD_ACCESS,
  });
  server.health.status = "ok";
  const call = (holder: Holder | "own", method: string, path: string, body?: unknown) =>
    send(server.url + path, holder, method, body);
  return {
    url: server.url,
    registry,
    call,
    async submit(holder: Holder | "own", body: Record<string, unknown>): Promise<string> {
      const answer = await call(holder, "POST", "/v1/jobs", body);
      assert.equal(answer.status, 202, await answer.clone().text());
      return (await answer.json()).job_id;
    },
    async listed(holder: Holder | "own", query = ""): Promise<string[]> {
      const { jobs } = await (await call(holder, "GET", `/v1/jobs${query}`)).json();
      return jobs.map(({ job_id }: { job_id: string }) => job_id);
    },
    async [Symbol.asyncDispose]() {
      const active = registry.active();
      for (const job of active) job.cancel("the test is over");
      gates.openAll();
      await Promise.all(active.map((job) => job.ended));
      await server.close();
    },
  };
}

const HOLD = { operation: "hold", gate: "never" };
const WAYS = [["GET", ""], ["GET", "/stream"], ["GET", "/stream?after=x"], ["DELETE", ""]] as const;

Deno.test("another's job is in get, stream and cancel as one that never was", async () => {
  await using role = startRole();
  const unknown = newJobId();
  for (const owner of ["ben", "boss", "own"] as const) {
    const id = await role.submit(owner, HOLD);
    for (const [method, rest] of WAYS) {
      const [other, none] = await Promise.all([
        role.call("ann", method, `/v1/jobs/${id}${rest}`),
        role.call("ann", method, `/v1/jobs/${unknown}${rest}`),
      ]);
      assert.deepEqual([other.status, none.status], [404, 404], method + rest);
      assert.equal((await other.text()).replaceAll(id, unknown), await none.text());
      const heads = [other, none].map(({ headers }) =>
        [...headers].filter(([name]) => name !== "date")
      );
      assert.deepEqual(heads[0], heads[1]);
    }
    assert.equal(role.registry.get(id).state, "running", "it goes on");
  }
});

Deno.test("who submitted a job gets, streams and cancels it, and so does who may do everything", async () => {
  await using role = startRole();
  for (const holder of ["ann", "boss", "own"] as const) {
    const id = await role.submit("ann", HOLD);
    const view = await role.call(holder, "GET", `/v1/jobs/${id}`);
    assert.equal((await view.json()).job_id, id);
    const stream = await role.call(holder, "GET", `/v1/jobs/${id}/stream`);
    const cancelled = await role.call(holder, "DELETE", `/v1/jobs/${id}`);
    assert.equal((await cancelled.json()).job_id, id);
    assert.match(await stream.text(), /event: cancelled/);
  }
});

Deno.test("a list holds one's own jobs alone, and its limit counts no other", async () => {
  await using role = startRole();
  const ann = [await role.submit("ann", HOLD)];
  const others = [await role.submit("ben", HOLD), await role.submit("own", HOLD)];
  ann.unshift(await role.submit("ann", HOLD));
  others.unshift(await role.submit("boss", HOLD));
  assert.deepEqual(await role.listed("ann"), ann);
  assert.deepEqual(await role.listed("ann", "?limit=2"), ann);
  assert.deepEqual(await role.listed("ann", "?limit=1&state=running"), ann.slice(0, 1));
  assert.deepEqual((await role.listed("boss")).sort(), [...ann, ...others].sort());
  assert.deepEqual((await role.listed("own")).length, 5);
});

Deno.test("a submit with the job_id of another's job gets neither that job nor a word of it", async () => {
  await using role = startRole();
  const ended = await role.submit("ben", { operation: "story", words: ["honey"] });
  await role.registry.get(ended).ended;
  const running = await role.submit("own", HOLD);
  const answers = await Promise.all(
    [ended, running].flatMap((job_id) =>
      ["", "?stream=true"].map(async (query) => {
        const answer = await role.call("ann", "POST", `/v1/jobs${query}`, { ...HOLD, job_id });
        assert.equal(answer.status, 409);
        assert.equal(answer.headers.get("x-correlation-id"), null);
        return await answer.text();
      })
    ),
  );
  assert.equal(new Set(answers).size, 1);
  assert.equal(JSON.parse(answers[0]!).error.code, "job_id_taken");
  assert.doesNotMatch(answers[0]!, /honey|story|hold|job-/);
  const past = await Promise.all([ended, running, newJobId()].map(async (job_id) => {
    const story = { operation: "story", words: [], job_id };
    const answer = await role.call("ann", "POST", "/v1/jobs?stream=true&after=1", story);
    assert.equal(answer.status, 400);
    return await answer.text();
  }));
  assert.equal(new Set(past).size, 1, "nor how far its stream has come");
  assert.equal(role.registry.list().length, 2);
});

Deno.test("a submit with the job_id of one's own job is that job", async () => {
  await using role = startRole();
  const id = await role.submit("ann", HOLD);
  assert.equal(await role.submit("ann", { ...HOLD, job_id: id }), id);
});

Deno.test("a token of the role infer may submit what says so, and nothing else", async () => {
  await using role = startRole();
  for (const body of [{ operation: "fail" }, { operation: "whisper", secret: "x", gate: "g" }]) {
    for (const query of ["", "?stream=true"]) {
      const answer = await role.call("ann", "POST", `/v1/jobs${query}`, body);
      const { error } = await answer.json();
      assert.deepEqual([answer.status, error.code], [403, "forbidden"]);
      assert.match(error.message, new RegExp(`"${body.operation}"`));
    }
  }
  assert.deepEqual(role.registry.list(), []);
});

Deno.test("JobClient tells what it is refused by the code of the answer", async () => {
  await using role = startRole();
  const client = new JobClient(role.url);
  const events = () => assert.fail("nothing is to come");
  const story = { operation: "story", words: [] };
  await assert.rejects(client.submitAndStream(story, events), { code: "unauthorized" });
  await assert.rejects(client.list(), { code: "unauthorized" });
  const forget = useToken(role.url, HELD.ann.token);
  try {
    const end = await client.submitAndStream(story, () => {});
    assert.equal(end.type, "done");
    await assert.rejects(client.submitAndStream({ operation: "fail" }, events), {
      code: "forbidden",
    });
    const job_id = await role.submit("ben", HOLD);
    await assert.rejects(client.submitAndStream({ ...HOLD }, events, { jobId: job_id }), {
      code: "job_id_taken",
    });
    await assert.rejects(client.cancel(job_id), { code: "job_not_found" });
  } finally {
    forget();
  }
});

Deno.test("whose a job is holds over a restart, and stands in nothing that is told of it", async () => {
  await using folder = await JournalFolder.make();
  const ids: string[] = [];
  {
    await using kept = openKeptJobs(folder.path, journalSettings());
    for (const owner of [HELD.ann.id, HELD.ben.id, undefined]) {
      const { job } = kept.registry.create({ operation: "hold", owner });
      job.start();
      job.finishDone({ result: null });
      ids.push(job.id);
    }
  }
  await using kept = openKeptJobs(folder.path, journalSettings());
  await using role = startRole(kept.registry);
  assert.deepEqual(await role.listed("ann"), [ids[0]]);
  assert.deepEqual(await role.listed("ben"), [ids[1]]);
  assert.equal((await role.listed("boss")).length, 3);
  const [mine, other] = await Promise.all(
    ids.slice(0, 2).map((id) => role.call("ann", "GET", `/v1/jobs/${id}/stream`)),
  );
  assert.deepEqual([mine!.status, other!.status], [200, 404]);
  assert.doesNotMatch(await mine!.text() + await other!.text(), /token-/);
});

Deno.test("mayReach() knows one's own by the id of the token, and a job without one is nobody's", () => {
  const ann = { role: "infer" as const, tokenId: HELD.ann.id };
  assert.equal(mayReach(ann, { owner: HELD.ann.id }), true);
  assert.equal(mayReach(ann, { owner: HELD.ben.id }), false);
  assert.equal(mayReach(ann, { owner: undefined }), false);
  assert.equal(mayReach({ role: "infer" }, { owner: undefined }), false);
  assert.equal(mayReach({ role: "admin" }, { owner: HELD.ann.id }), true);
});

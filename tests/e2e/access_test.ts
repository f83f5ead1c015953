import assert from "node:assert/strict";
import OpenAI from "openai";
import type { OpenApiDocument } from "../../src/http/openapi_document.ts";
import { newJobId } from "../../src/jobs/job_id.ts";
import { OpenHome, outerAddress } from "../helpers/open_home.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";

const ignore = outerAddress() === undefined;

async function send(url: string, method: string, token: string | undefined, body?: unknown) {
  const answer = await fetch(url, {
    method,
    headers: {
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "Content-Type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, text, headers: answer.headers };
}

const codeOf = (text: string) => text === "" ? undefined : JSON.parse(text).error?.code;

Deno.test({
  name:
    "every route of queen and hive but health and page is closed to who shows no token or a wrong one",
  ignore,
  async fn() {
    await using open = await OpenHome.start();
    const forInfer: Record<string, string[]> = {};
    const forAll: Record<string, string[]> = {};
    for (const role of ["queen", "hive"] as const) {
      const url = await open.urlOf(role);
      const documented = await send(`${url}/openapi.json`, "GET", open.admin);
      const { paths } = JSON.parse(documented.text) as OpenApiDocument;
      forInfer[role] = [];
      forAll[role] = [];
      let asked = 0;
      for (const [template, item] of Object.entries(paths)) {
        // A watch of no job would not end.
        const query = template === "/v1/watch" ? "?job=x" : "";
        const path = template.replaceAll(/\{\w+\}/g, "x") + query;
        for (const method of Object.keys(item).map((name) => name.toUpperCase())) {
          // Not a method that may be sent from here.
          if (method === "TRACE") continue;
          if (item[method.toLowerCase()]?.security?.length === 0) {
            forAll[role].push(`${method} ${template}`);
            for (const token of [undefined, `rbee_${"A".repeat(43)}`]) {
              const { status } = await send(url + path, method, token);
              assert.ok(status !== 401 && status !== 403, `${method} ${path} ${status}`);
            }
            continue;
          }
          asked++;
          for (const token of [undefined, "x", `rbee_${"A".repeat(43)}`, open.ann.slice(0, -1)]) {
            const { status, text, headers } = await send(url + path, method, token);
            assert.equal(status, 401, `${method} ${path} ${text}`);
            assert.equal(headers.get("www-authenticate"), "Bearer");
            if (method !== "HEAD") assert.equal(codeOf(text), "unauthorized");
          }
          const { status, text } = await send(url + path, method, open.ann);
          if (status !== 403) forInfer[role].push(`${method} ${template}`);
          else if (method !== "HEAD") assert.equal(codeOf(text), "forbidden");
        }
      }
      assert.ok(asked > 14, `${asked} routes of the ${role}`);
      assert.equal((await send(`${url}/health`, "GET", undefined)).status, 200);
      assert.equal((await send(`${url}/v1/workers`, "GET", open.admin)).status, 200);
    }
    assert.deepEqual(forAll["hive"], ["GET /health"]);
    assert.deepEqual(forAll["queen"], [
      "GET /health",
      "GET /",
      "GET /jobs",
      "GET /jobs/{id}",
      "GET /chat",
      "GET /assets/{name}",
    ]);
    assert.deepEqual(forInfer["hive"], []);
    assert.deepEqual(forInfer["queen"]?.sort(), [
      "DELETE /v1/jobs/{id}",
      "GET /v1/jobs",
      "GET /v1/jobs/{id}",
      "GET /v1/jobs/{id}/stream",
      "GET /v1/models",
      "GET /v1/models/{id}",
      "GET /v1/watch",
      "POST /v1/chat/completions",
      "POST /v1/completions",
      "POST /v1/embeddings",
      "POST /v1/jobs",
    ]);
  },
});

Deno.test({
  name: "openai: a token of the role infer answers, and what it may not do has its client's class",
  ignore,
  async fn() {
    await using open = await OpenHome.start();
    const url = await open.urlOf("queen");
    const chat = {
      model: "bee-tiny",
      messages: [{ role: "user" as const, content: "Hello" }],
      max_tokens: 4,
    };
    const { data, response } = await open.openai(url, open.ann).chat.completions.create(chat)
      .withResponse();
    assert.equal(data.usage!.completion_tokens, 4);
    const jobId = response.headers.get("x-rbee-job-id")!;

    for (const key of ["unused", `rbee_${"A".repeat(43)}`]) {
      await assert.rejects(
        open.openai(url, key).chat.completions.create(chat),
        (error) => error instanceof OpenAI.AuthenticationError && error.code === "unauthorized",
      );
    }
    for (const model of ["/etc/passwd", "./x.gguf", "http://127.0.0.1:1/x.gguf"]) {
      for (const stream of [true, false]) {
        await assert.rejects(
          open.openai(url, open.ann).chat.completions.create({ ...chat, model, stream }),
          (error) =>
            error instanceof OpenAI.PermissionDeniedError && error.param === "model" &&
            !error.message.includes("passwd"),
        );
      }
      const submitted = await send(`${url}/v1/jobs`, "POST", open.ann, {
        operation: "infer",
        model,
        prompt: "Hello",
      });
      assert.deepEqual([submitted.status, codeOf(submitted.text)], [403, "forbidden"]);
    }
    for (const operation of ["status", "hive_list", "worker_list", "model_list"]) {
      const { status } = await send(`${url}/v1/jobs`, "POST", open.ann, { operation });
      assert.equal(status, 403, operation);
    }

    // Another's job, before and after a restart of the queen, who then knows it from the journal.
    const unknown = newJobId();
    for (let times = 0; times < 2; times++) {
      const at = await open.urlOf("queen");
      for (const [method, rest] of [["GET", ""], ["GET", "/stream"], ["DELETE", ""]]) {
        const other = await send(`${at}/v1/jobs/${jobId}${rest}`, method!, open.ben);
        const none = await send(`${at}/v1/jobs/${unknown}${rest}`, method!, open.ben);
        assert.deepEqual([other.status, none.status], [404, 404]);
        assert.equal(other.text.replaceAll(jobId, unknown), none.text);
      }
      assert.deepEqual(JSON.parse((await send(`${at}/v1/jobs`, "GET", open.ben)).text).jobs, []);
      const own = await send(`${at}/v1/jobs/${jobId}/stream`, "GET", open.ann);
      assert.match(own.text, /event: done/);
      const { jobs } = JSON.parse((await send(`${at}/v1/jobs`, "GET", open.ann)).text);
      assert.deepEqual(jobs.map(({ job_id }: { job_id: string }) => job_id), [jobId]);
      if (times === 0) assert.equal((await open.home.rbee(["queen", "restart"])).code, 0);
    }
  },
});

Deno.test({
  name: "the streams of a token that is revoked are cut, and those of others go on",
  ignore,
  async fn() {
    await using open = await OpenHome.start({ hive: false });
    const url = await open.urlOf("queen");
    const made = await open.home.rbee(["token", "create", "--role", "admin", "--name", "deputy"]);
    const [boss, deputy] = await Promise.all([open.admin, made.stdout.trim()].map(async (token) => {
      const answer = await fetch(`${url}/v1/telemetry/stream`, {
        headers: { Authorization: `Bearer ${token}` },
      });
      assert.equal(answer.status, 200);
      return answer.body!.getReader();
    }));
    const untilCut = async (reader: ReadableStreamDefaultReader<Uint8Array>) => {
      for (;;) if ((await reader.read()).done) return;
    };
    const cut = assert.rejects(untilCut(boss!), "its end is not one of a whole answer");
    assert.equal((await open.home.rbee(["token", "revoke", "boss"])).code, 0);
    await cut;
    assert.equal((await deputy!.read()).done, false);
    assert.equal((await deputy!.read()).done, false);
    await deputy!.cancel();
  },
});

Deno.test({
  name:
    "a queen who runs knows at once what is made and revoked, and tokens are in no process's view",
  ignore,
  async fn() {
    await using open = await OpenHome.start({ hive: false });
    const { home } = open;
    const url = await open.urlOf("queen");
    const made = await home.rbee(["token", "create", "--name", "late", "--json"]);
    const { token, id, role } = JSON.parse(made.stdout);
    assert.equal(role, "infer");
    assert.equal((await send(`${url}/v1/jobs`, "GET", token)).status, 200);
    const listed = await home.rbee(["token", "list"]);
    assert.match(listed.stdout, new RegExp(`^late +infer +${id} `, "m"));
    assert.doesNotMatch(listed.stdout, /rbee_/);
    const revoked = await home.rbee(["token", "revoke", id]);
    assert.equal(revoked.code, 0, revoked.stderr);
    assert.equal((await send(`${url}/v1/jobs`, "GET", token)).status, 401);

    const environment = { RBEE_TOKEN: open.admin, RBEE_QUEEN: url };
    assert.equal((await home.rbee(["job", "list"], { env: environment })).code, 0);
    const started = await home.rbee(["queen", "restart"], { env: { RBEE_TOKEN: open.admin } });
    assert.equal(started.code, 0, started.stderr);
    for (const { pid, command } of home.processes()) {
      assert.doesNotMatch(command, /rbee_/);
      assert.doesNotMatch(await Deno.readTextFile(`/proc/${pid}/environ`), /RBEE_TOKEN|rbee_/);
    }
    for await (const { name } of Deno.readDir(`${home.path}/state`)) {
      const text = await Deno.readTextFile(`${home.path}/state/${name}`);
      for (const each of [open.admin, open.ann, token]) assert.ok(!text.includes(each), name);
    }
  },
});

Deno.test({
  name: "the command exits 4 and says what to do where its token is missing, wrong or not enough",
  ignore,
  async fn() {
    await using open = await OpenHome.start({ hive: false });
    const url = await open.urlOf("queen");
    await using elsewhere = await RbeeHome.create();
    const list = ["job", "list", "--queen", url];
    const missing = await elsewhere.rbee(list);
    assert.deepEqual([missing.code, missing.stdout], [4, ""]);
    assert.match(missing.stderr, /^Error: .*rbee token create.*--token-file or RBEE_TOKEN/);
    const wrong = await elsewhere.rbee(list, { env: { RBEE_TOKEN: `rbee_${"A".repeat(43)}` } });
    assert.equal(wrong.code, 4);
    assert.match(wrong.stderr, /does not know the token of RBEE_TOKEN, .*; unset RBEE_TOKEN, /);

    const file = `${elsewhere.path}/ann.token`;
    await Deno.writeTextFile(file, open.ann + "\n");
    const by = ["--token-file", file];
    assert.equal((await elsewhere.rbee([...list, ...by])).code, 0);
    const twin = { RBEE_TOKEN_FILE: file, RBEE_TOKEN: "rbee_wrong" };
    assert.equal((await elsewhere.rbee(list, { env: twin })).code, 0, "the file beats the token");
    assert.equal((await elsewhere.rbee(list, { env: { RBEE_TOKEN: open.ann } })).code, 0);
    const forbidden = await elsewhere.rbee(["hive", "list", "--queen", url, ...by]);
    assert.equal(forbidden.code, 4);
    assert.match(forbidden.stderr, /role infer may not .*rbee token create --role admin/);
    const broken = await elsewhere.rbee(list, { env: { RBEE_TOKEN: "two words" } });
    assert.equal(broken.code, 2);
    assert.match(broken.stderr, /^Error: RBEE_TOKEN holds no token/);
    const nothing = await elsewhere.rbee([...list, "--token-file", `${file}.no`]);
    assert.equal(nothing.code, 2);
    assert.match(nothing.stderr, /There is no file /);
  },
});

Deno.test("a role that others could reach does not start without a token, and says which command makes one", async () => {
  await using home = await RbeeHome.create();
  const only = await home.rbee(["token", "create", "--role", "infer"]);
  assert.equal(only.code, 0);
  for (const role of ["queen", "hive"] as const) {
    const { code, stderr } = await home.rbee([role, "start", "--host", "0.0.0.0"]);
    assert.equal(code, 1);
    assert.match(stderr, /rbee token create --role admin/);
    const served = await home.rbee(["serve", "--role", role, "--host", "::", "--port", "0"]);
    assert.equal(served.code, 1);
    assert.match(served.stdout, /rbee token create --role admin/);
  }
  const worker = ["serve", "--role", "worker", "--model", "bee-tiny", "--host", "0.0.0.0"];
  assert.equal((await home.rbee(worker)).code, 2);
  assert.deepEqual(home.processes(), []);
});

Deno.test("require_token closes a queen on loopback to all but her tokens and the person of her home", async () => {
  await using home = await RbeeHome.create();
  await home.configure({ queen: { require_token: true }, hive: { require_token: true } });
  assert.equal((await home.rbee(["up"])).code, 0);
  for (const role of ["queen", "hive"] as const) {
    const { url } = await home.daemon(role);
    assert.equal((await send(`${url}/v1/workers`, "GET", undefined)).status, 401);
    assert.equal((await send(`${url}/health`, "GET", undefined)).status, 200);
  }
  const asked = await home.rbee(["infer", "bee-tiny", "Hello", "--max-tokens", "2"]);
  assert.equal(asked.code, 0, asked.stderr);
  const wrong = await home.rbee(["job", "list"], { env: { RBEE_TOKEN: "rbee_wrong" } });
  assert.equal(wrong.code, 4);
  const { token } = JSON.parse((await home.rbee(["token", "create", "--json"])).stdout);
  assert.match(
    (await home.rbee(["job", "list"], { env: { RBEE_TOKEN: token } })).stdout,
    /No jobs/,
  );
});

Deno.test("a queen on loopback needs no token, but takes one that is shown for what it is", async () => {
  await using home = await RbeeHome.create();
  const { token } = JSON.parse((await home.rbee(["token", "create", "--json"])).stdout);
  assert.equal((await home.rbee(["queen", "start"])).code, 0);
  const { url } = await home.daemon("queen");
  for (const shown of [undefined, "unused"]) {
    assert.equal((await send(`${url}/v1/workers`, "GET", shown)).status, 200);
  }
  assert.equal((await send(`${url}/v1/workers`, "GET", token)).status, 403);
  assert.equal((await home.rbee(["token", "revoke", "infer"])).code, 0);
  assert.equal((await send(`${url}/v1/workers`, "GET", token)).status, 401);
});

Deno.test({
  name:
    "a hive is added with a file of its token, and one without or with a wrong token says what to do",
  ignore,
  async fn() {
    await using there = await OpenHome.start();
    const url = await there.urlOf("hive");
    await using here = await RbeeHome.create();
    assert.equal((await here.rbee(["queen", "start"])).code, 0);
    const without = await here.rbee(["hive", "add", "far", "--url", url, "--json"]);
    assert.equal(without.code, 0, without.stderr);
    const { error } = JSON.parse(without.stdout);
    assert.match(error, /rbee token create --role admin.*--token-file/);

    const file = `${here.path}/far.token`;
    await Deno.writeTextFile(file, there.admin);
    const add = ["hive", "add", "far", "--url", url, "--token-file", file];
    const added = await here.rbee(add);
    assert.equal(added.code, 0, added.stderr);
    assert.match(added.stderr, /Hive far is connected/);
    const asked = await here.rbee(["infer", "bee-tiny", "Hello", "--max-tokens", "2"]);
    assert.equal(asked.code, 0, asked.stderr);

    const other = await here.rbee([...add.with(4, "http://127.0.0.1:1"), "--json"]);
    assert.equal(JSON.parse(other.stdout).error.code, "hive_exists");
    assert.equal(
      (await Deno.readTextFile(`${here.path}/state/hives/far.token`)).trim(),
      there.admin,
      "the token of the hive that is there is kept",
    );
    const ssh = await here.rbee(["hive", "add", "x", "--ssh", "a@b", "--token-file", file]);
    assert.equal(ssh.code, 2);
  },
});

import assert from "node:assert/strict";
import { newJobId } from "../../src/jobs/job_id.ts";
import { startRoleServer } from "../../src/jobs/role_server.ts";
import { PAGE_ROUTES } from "../../src/queen/described_page_routes.ts";
import { PAGE_FILES } from "../../src/queen/page_bundle.ts";
import { PageFiles, type PageOrigin } from "../../src/queen/page_files.ts";
import { pageRoutes } from "../../src/queen/page_routes.ts";
import { PageCheckout } from "../helpers/page_checkout.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
  "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
  "require-trusted-types-for 'script'; trusted-types 'none'";

const HEADERS = {
  "content-security-policy": POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

const DOCUMENTS = ["/", "/jobs", `/jobs/${newJobId()}`, "/chat"];

/** A role that asks everybody for a token, and has a page. */
function serve(origin: PageOrigin, cache: string) {
  let nowMs = 0;
  // The sources are looked at each time.
  const files = new PageFiles({ cache, origin, now: () => nowMs += 1000 });
  const server = startRoleServer({
    role: "queen",
    host: "127.0.0.1",
    port: 0,
    handlers: {},
    access: { required: true, token: "secret" },
    routes: (app) => void app.route("/", pageRoutes(files)),
    describedRoutes: PAGE_ROUTES,
  });
  return {
    ask: (path: string, init?: RequestInit) => fetch(server.url + path, init),
    async [Symbol.asyncDispose]() {
      await files.close();
      await server.close();
    },
  };
}

const PART = "chat-0123456ab9.js";

/** Served from a folder, as by a built program; each file holds its name. */
async function serveBuilt() {
  const folder = await TemporaryFolder.make();
  for (const name of [...Object.keys(PAGE_FILES), PART]) {
    await Deno.writeTextFile(folder.join(name), `built ${name}`);
  }
  const served = serve({ folder: folder.path }, folder.join("cache"));
  return {
    ask: served.ask,
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function assertHeaders(answer: Response, expected: Record<string, string>): void {
  const found = Object.keys(expected).map((name) => [name, answer.headers.get(name)]);
  assert.deepEqual(Object.fromEntries(found), expected);
}

Deno.test("every address of the page answers the same document, without a token or with a wrong one", async () => {
  await using page = await serveBuilt();
  for (const path of [...DOCUMENTS, "/?token=x"]) {
    for (const headers of [{}, { Authorization: "Bearer wrong" }] as Record<string, string>[]) {
      const answer = await page.ask(path, { headers });
      assert.equal(answer.status, 200, path);
      assert.equal(await answer.text(), "built index.html");
      assertHeaders(answer, {
        ...HEADERS,
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-cache",
      });
    }
  }
});

Deno.test("each file of the page has its type, and the same headers", async () => {
  await using page = await serveBuilt();
  for (const [name, type] of Object.entries({ ...PAGE_FILES, [PART]: PAGE_FILES["app.js"] })) {
    if (name === "index.html") continue;
    const answer = await page.ask(`/assets/${name}`);
    assert.equal(await answer.text(), `built ${name}`);
    assertHeaders(answer, { ...HEADERS, "content-type": type, "cache-control": "no-cache" });
  }
});

Deno.test("HEAD and a file that has not changed are answered without a body", async () => {
  await using page = await serveBuilt();
  const whole = await page.ask("/assets/app.js");
  await whole.body?.cancel();
  const head = await page.ask("/assets/app.js", { method: "HEAD" });
  assert.equal(await head.text(), "");
  const etag = head.headers.get("etag")!;
  assert.equal(etag, whole.headers.get("etag"));
  const same = await page.ask("/assets/app.js", { headers: { "If-None-Match": etag } });
  assert.deepEqual([same.status, await same.text()], [304, ""]);
  assertHeaders(same, { etag, "content-security-policy": POLICY, "cache-control": "no-cache" });
});

Deno.test("what is beside the page is not there, and asks for a token as ever", async () => {
  await using page = await serveBuilt();
  const there = { headers: { Authorization: "Bearer secret" } };
  for (
    const path of [
      "/jobs/job-x",
      "/jobs/x",
      "/jobs/",
      "/assets/",
      "/assets/index.html",
      "/assets/app.js.map",
      "/assets/x",
      "/assets/chat-0123456789.js",
      "/assets/..%2fapp.js",
      "/index.html",
      "/chat/x",
      "/favicon.ico",
    ]
  ) {
    const answer = await page.ask(path, there);
    assert.equal(answer.status, 404, path);
    assert.equal((await answer.json()).error.code, "not_found");
  }
  for (const path of ["/v1/jobs", "/assets", "/assets/x/y", "/metrics", "/openapi.json"]) {
    const answer = await page.ask(path);
    assert.equal(answer.status, 401, path);
    await answer.body?.cancel();
  }
  const posted = await page.ask("/", { method: "POST" });
  assert.equal(posted.status, 401);
  await posted.body?.cancel();
  const foreign = await page.ask("/", { headers: { Origin: "https://evil.example" } });
  assert.equal(foreign.status, 403);
  await foreign.body?.cancel();
});

Deno.test("a page that cannot be made is a page of its own that says why and what to type", async () => {
  await using checkout = await PageCheckout.make();
  await checkout.write("src/page/main.tsx", 'import "./bee&wax.ts";');
  await using page = serve({ root: checkout.root }, checkout.cache);
  for (const path of DOCUMENTS) {
    const answer = await page.ask(path);
    assert.equal(answer.status, 503);
    const text = await answer.text();
    assert.match(text, /<p>Cannot make the page: .*bee&amp;wax.*deno task page.*\.<\/p>/s);
    assert.doesNotMatch(text, /bee&wax|<script|<style| style=/);
    assertHeaders(answer, {
      ...HEADERS,
      "content-type": "text/html; charset=UTF-8",
      "cache-control": "no-store",
      "retry-after": "5",
    });
  }
  const script = await page.ask("/assets/app.js");
  assert.equal(script.status, 503);
  assert.equal((await script.json()).error.code, "page_not_built");
  await checkout.write("src/page/main.tsx", "console.log(1)");
  const mended = await page.ask("/");
  assert.equal(mended.status, 200);
  await mended.body?.cancel();
});

Deno.test("the policy of openers is sent where a browser heeds it: with TLS and on loopback", async () => {
  await using folder = await TemporaryFolder.make();
  for (const name of Object.keys(PAGE_FILES)) await Deno.writeTextFile(folder.join(name), name);
  const app = pageRoutes(new PageFiles({ cache: folder.path, origin: { folder: folder.path } }));
  const policyAt = async (origin: string) => {
    const answer = await app.request(`${origin}/`);
    await answer.body?.cancel();
    return answer.headers.get("cross-origin-opener-policy");
  };
  for (const origin of ["https://bees.example", "http://localhost:7833", "http://[::1]:7833"]) {
    assert.equal(await policyAt(origin), "same-origin", origin);
  }
  assert.equal(await policyAt("http://192.168.0.9:7833"), null);
});

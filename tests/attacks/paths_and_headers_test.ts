import assert from "node:assert/strict";
import { newJobId } from "../../src/jobs/job_id.ts";
import { rawExchange } from "../helpers/raw_http.ts";
import { enginesAsModels, fixtureEngine, SupervisedHome } from "../helpers/supervised_home.ts";

/** Spellings of `../` and of `/` that somebody on the way may read as them. */
const UP = [
  "../",
  "..%2f",
  "..%2F",
  "%2e%2e/",
  "%2e%2e%2f",
  ".%2e/",
  "%252e%252e%252f",
  "..%252f",
  "..%5c",
  "..\\",
  "..%c0%af",
  "%c0%ae%c0%ae/",
  "....//",
  "..;/",
  "..%00/",
  "%u002e%u002e/",
];
const SECRET = "honey-in-a-file-of-nobody";

/** Sends a request by hand, since a client would mend its path. */
async function send(
  url: string,
  line: string,
  options: { headers?: readonly string[]; body?: string } = {},
): Promise<{ status: number; head: string; body: string }> {
  const { host } = new URL(url);
  const { headers = [], body } = options;
  const all = [
    `Host: ${host}`,
    "Connection: close",
    ...headers,
    ...(body === undefined ? [] : [
      "Content-Type: application/json",
      `Content-Length: ${new TextEncoder().encode(body).length}`,
    ]),
  ];
  const answer = await rawExchange(
    url,
    `${line} HTTP/1.1\r\n${all.join("\r\n")}\r\n\r\n${body ?? ""}`,
  );
  const end = answer.indexOf("\r\n\r\n");
  return {
    status: Number(answer.split(" ")[1]),
    head: answer.slice(0, end),
    body: answer.slice(end + 4),
  };
}

async function up(): Promise<SupervisedHome> {
  const home = await SupervisedHome.up(enginesAsModels({ good: fixtureEngine() }));
  for (const folder of ["", "state/", "data/", "data/models/", "data/models/hf/"]) {
    await Deno.mkdir(`${home.rbee.path}/${folder}`, { recursive: true });
    await Deno.writeTextFile(`${home.rbee.path}/${folder}x.gguf`, SECRET);
    await Deno.writeTextFile(`${home.rbee.path}/${folder}x.txt`, SECRET);
  }
  return home;
}

Deno.test("no spelling of a path leads to a file outside the store, or to another route than it names", async () => {
  await using home = await up();
  for (const { baseUrl: url } of [home.queen, home.hive]) {
    for (const step of UP) {
      for (let depth = 1; depth <= 5; depth++) {
        const way = step.repeat(depth);
        for (const file of ["x.gguf", "x.txt", "state/x.gguf", "etc/passwd", "state/hive.pid"]) {
          for (
            const path of [
              `/v1/models/files/${way}${file}`,
              `/v1/models/files/hf/a/b/${way}${file}`,
              `/v1/models/files/${encodeURIComponent(way + file)}`,
              `/v1/models/${way}${file}`,
              `/docs/${way}${file}`,
              `/${way}${file}`,
            ]
          ) {
            const { status, body } = await send(url, `GET ${path}`);
            assert.ok([400, 404].includes(status), `${path}: ${status} ${body.slice(0, 300)}`);
            assert.ok(!body.includes(SECRET) && !body.includes("root:"), path);
          }
        }
      }
      const put = await send(url, `PUT /v1/models/files/${step}${step}y.gguf?offset=0`, {
        body: "x",
      });
      assert.ok([400, 404].includes(put.status), `PUT ${step}: ${put.status}`);
      const job = await send(url, `GET /v1/jobs/${step}${step}state`);
      assert.ok([400, 404].includes(job.status), `jobs/${step}: ${job.status}`);
      const cancel = await send(url, `DELETE /v1/jobs/${step}jobs`);
      assert.ok([400, 404, 405].includes(cancel.status), `DELETE jobs/${step}: ${cancel.status}`);
    }
  }
  const names = await Array.fromAsync(Deno.readDir(home.rbee.path), ({ name }) => name);
  assert.ok(!names.includes("y.gguf"));
  for (const model of ["../../x.gguf", "hf:../../x:y.gguf", "hf:a/b:../../../x.gguf"]) {
    for (const operation of ["model_get", "model_delete"]) {
      const end = await home.run({ operation, model });
      assert.equal(end.type, "error", `${operation} ${model}`);
    }
  }
  assert.equal(await Deno.readTextFile(`${home.rbee.path}/x.gguf`), SECRET);
});

Deno.test("what a token of the role infer may not use is closed to it in every spelling of its path", async () => {
  await using home = await up();
  const made = await home.rbee.rbee(["token", "create", "--json"]);
  const headers = [`Authorization: Bearer ${JSON.parse(made.stdout).token}`];
  const closed = ["workers", "hives", "telemetry/stream", "shutdown"];
  for (const { baseUrl: url } of [home.queen, home.hive]) {
    for (const route of closed) {
      const method = route === "shutdown" ? "POST" : "GET";
      const first = `%${route.charCodeAt(0).toString(16)}${route.slice(1)}`;
      const double = `%25${route.charCodeAt(0).toString(16)}${route.slice(1)}`;
      for (
        const path of [
          `/v1/${route}`,
          `/v1/${first}`,
          `/v1/${double}`,
          `//v1/${route}`,
          `/v1//${route}`,
          `/v1/${route}/`,
          `/v1/jobs/../${route}`,
          `/v1/jobs/%2e%2e/${route}`,
          `/v1/jobs/..%2f${route}`,
          `/v1/jobs/%2e%2e%2f${route}`,
          `/v1/models/x/../../${route}`,
          `/v1/models/..%2f${route}`,
          `/v1/models/%2e%2e/${route}`,
          `/V1/${route}`,
          `/v1/${route}?x=/v1/jobs`,
          `/v1/${route}#/v1/jobs`,
          `/v1/${route};/v1/jobs`,
          `/v1/${route}%00`,
          `/v1\\${route}`,
          `http://127.0.0.1/v1/${route}`,
        ]
      ) {
        const { status, body } = await send(url, `${method} ${path}`, { headers });
        assert.ok([400, 403, 404].includes(status), `${method} ${path}: ${status} ${body}`);
      }
    }
  }
  for (const { baseUrl } of [home.queen, home.hive]) {
    assert.equal((await send(baseUrl, "GET /health")).status, 200);
  }
});

Deno.test("nothing that is sent becomes a header of an answer, or a second answer", async () => {
  await using home = await up();
  const breaks = [
    "\r\n",
    "\n",
    "\r",
    "%0d%0a",
    "%0a",
    "%0d",
    "%250d%250a",
    "\\r\\n",
    "\u2028",
    "\u560d\u560a",
  ];
  const evil = (end: string) => `x${end}X-Evil: 1${end}${end}HTTP/1.1 200 OK${end}X-Evil: 2`;
  const { baseUrl: url } = home.queen;
  for (const end of breaks) {
    const text = evil(end);
    const body = JSON.stringify({ model: text, prompt: text, max_tokens: 1, user: text });
    const answers = [
      await send(url, "POST /v1/completions", { body }),
      await send(url, "POST /v1/chat/completions", {
        body: JSON.stringify({
          model: text,
          messages: [{ role: "user", content: text }],
          stream: true,
        }),
      }),
      await send(url, "POST /v1/jobs", { body: JSON.stringify({ operation: text }) }),
      await send(url, "POST /v1/jobs", {
        body: JSON.stringify({ operation: "status", job_id: `${newJobId()}${end}X-Evil: 1` }),
      }),
    ];
    if (!/[\r\n]/.test(end)) {
      const inPath = encodeURI(decodeURI("%E2%80%A8")) === end
        ? encodeURI(text)
        : text.replaceAll(" ", "%20");
      const ascii = encodeURI(inPath).replaceAll("%25", "%");
      for (const route of ["jobs", "models", "workers", "models/files"]) {
        answers.push(await send(url, `GET /v1/${route}/${ascii}`));
        answers.push(await send(url, `GET /v1/${route}/${ascii}/stream?after=${ascii}`));
      }
      answers.push(await send(url, `GET /${ascii}`));
    }
    for (
      const name of ["X-Correlation-Id", "Last-Event-ID", "Origin", "Range", "X-Rbee-Narration"]
    ) {
      answers.push(await send(url, "GET /v1/jobs", { headers: [`${name}: a${end} b`] }));
    }
    for (const { status, head, body } of answers) {
      assert.doesNotMatch(head, /^x-evil/im, `${JSON.stringify(end)}: ${head}`);
      assert.equal(head.split("HTTP/1.1 ").length, 2, head);
      assert.ok(status >= 200 && status < 600, head);
      assert.doesNotMatch(body, /[\r\n]X-Evil/i, "a line of its own in a body");
    }
  }
  await home.end();
});

Deno.test("keys of a prototype in a request of any kind are fields like others, and change nothing", async () => {
  await using home = await up();
  for (const key of ["__proto__", "constructor", "prototype"]) {
    const bad = `{"${key}":{"polluted":true,"prototype":{"polluted":true}}`;
    for (
      const body of [
        `${bad},"operation":"infer","model":"good","prompt":"Fly","max_tokens":1}`,
        `{"operation":"infer","model":"good","prompt":"Fly","max_tokens":1,"logit_bias":${bad}}}`,
        `{"operation":"hive_add","name":"${key}","url":"http://127.0.0.1:1"}`,
        `{"operation":"infer","model":"${key}","prompt":"Fly"}`,
        `{"operation":"worker_spawn","model":"good","engine":"${key}"}`,
        `{"operation":"worker_spawn","model":"good","hive":"${key}"}`,
      ]
    ) {
      const { status } = await send(home.queen.baseUrl, "POST /v1/jobs", { body });
      assert.ok([202, 400].includes(status), `${body}: ${status}`);
    }
    const chat = await send(home.queen.baseUrl, "POST /v1/chat/completions", {
      body: `${bad},"model":"good","messages":[{"role":"user","content":"Fly",${
        bad.slice(1)
      }}],"max_tokens":1}`,
    });
    assert.ok(chat.status < 500, `${chat.status} ${chat.body}`);
    await home.rbee.rbee(["hive", "remove", key]);
  }
  const end = await home.run({ operation: "infer", model: "good", prompt: "Fly", max_tokens: 1 });
  assert.equal(end.type, "done", JSON.stringify(end));
  for (const { baseUrl } of [home.queen, home.hive]) {
    for (const path of ["/health", "/v1/workers", "/v1/jobs?limit=1000"]) {
      assert.doesNotMatch((await send(baseUrl, `GET ${path}`)).body, /polluted/);
    }
  }
});

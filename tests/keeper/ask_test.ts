import assert from "node:assert/strict";
import { unlessAborted } from "../../src/base/delay.ts";
import { inferSchema } from "../../src/contracts/operation.ts";
import { emitToken } from "../../src/jobs/emit.ts";
import { operation } from "../../src/jobs/operation_handler.ts";
import { startRoleServer } from "../../src/jobs/role_server.ts";
import { ask, type AskOptions, inferBody } from "../../src/keeper/ask.ts";
import { Renderer } from "../../src/keeper/render.ts";
import { FakeHive } from "../helpers/fake_hive.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { testTerminal } from "../helpers/test_terminal.ts";
import { TestQueen } from "../helpers/test_queen.ts";

const NEVER = new AbortController().signal;

Deno.test("inferBody() sends the prompt as a message, with the contract's defaults", () => {
  assert.deepEqual(JSON.parse(JSON.stringify(inferBody("bee-tiny", "Hello", {}))), {
    operation: "infer",
    model: "bee-tiny",
    messages: [{ role: "user", content: "Hello" }],
    max_tokens: 512,
    temperature: 0.7,
  });
});

Deno.test("inferBody() sends every option", () => {
  const options: AskOptions = {
    hive: "attic",
    device: "cuda:1",
    maxTokens: 9,
    temperature: 0,
    topP: 0.5,
    topK: 40,
    seed: 7,
    stop: ["a", "b"],
    system: "Be short.",
  };
  assert.deepEqual(inferBody("bee-tiny", "Hello", options), {
    operation: "infer",
    model: "bee-tiny",
    messages: [
      { role: "system", content: "Be short." },
      { role: "user", content: "Hello" },
    ],
    hive: "attic",
    device: "cuda:1",
    max_tokens: 9,
    temperature: 0,
    top_p: 0.5,
    top_k: 40,
    seed: 7,
    stop: ["a", "b"],
  });
});

const WRONG: [string, AskOptions][] = [
  ["--max-tokens", { maxTokens: 0 }],
  ["--temperature", { temperature: 2.5 }],
  ["--top-p", { topP: 0 }],
  ["--top-k", { topK: -1 }],
  ["--seed", { seed: -1 }],
  ["--stop", { stop: [""] }],
  ["--hive", { hive: "../x" }],
  ["--device", { device: "tpu" }],
];

for (const [flag, options] of WRONG) {
  Deno.test(`inferBody() names ${flag} when it does not fit`, () => {
    assert.throws(
      () => inferBody("bee-tiny", "Hello", options),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, "usage");
        assert.ok(error.message.startsWith(`${flag} does not fit: `), error.message);
        return true;
      },
    );
  });
}

Deno.test("inferBody() names the model when it does not fit", () => {
  assert.throws(() => inferBody("", "Hello", {}), {
    code: "usage",
    message: "MODEL does not fit: must not be empty",
  });
});

Deno.test("ask() shows the answer and the narration in their places and gives 0", async () => {
  await using hive = new FakeHive();
  hive.addWorker();
  await using queen = await TestQueen.start(hive.url);
  const terminal = testTerminal();
  const status = await ask(queen.url, "bee-tiny", "Hello", {}, new Renderer(terminal, {}), NEVER);
  assert.equal(status, 0);
  const { out, err } = await terminal.shown();
  assert.equal(out, "buzz");
  assert.match(err, /placement {6}: Chose hive local: it has bee-tiny loaded \(idle\)\n$/);
});

Deno.test("ask() shows why the job failed and gives the status for it", async () => {
  await using queen = await TestQueen.start();
  const terminal = testTerminal();
  const status = await ask(queen.url, "bee-tiny", "Hello", {}, new Renderer(terminal, {}), NEVER);
  assert.equal(status, 3);
  assert.deepEqual(await terminal.shown(), {
    out: "",
    err: "Error: Cannot place the request for bee-tiny: no hive is known; start one with rbee up\n",
  });
});

Deno.test("ask() cancels the job when the person presses Ctrl-C, waits for its end, and gives 130", async () => {
  const held = Promise.withResolvers<void>();
  const server = startRoleServer({
    role: "queen",
    host: "127.0.0.1",
    port: 0,
    handlers: {
      infer: operation(inferSchema, { kind: "total", ms: 60_000 }, async (_, job) => {
        emitToken("once", 0);
        held.resolve();
        return await unlessAborted(new Promise<never>(() => {}), job.signal);
      }),
    },
  });
  try {
    using said = new RecordedNarration();
    const abort = new AbortController();
    const terminal = testTerminal();
    const renderer = new Renderer(terminal, {});
    const asking = ask(server.url, "bee-tiny", "Hello", {}, renderer, abort.signal);
    await held.promise;
    abort.abort(new Error("SIGINT"));
    assert.equal(await asking, 130);
    assert.deepEqual(server.registry.list().map(({ state }) => state), ["cancelled"]);
    assert.ok(
      said.records.some(({ action, human }) => action === "cancel" && human === "Cancelling"),
    );
    const { out, err } = await terminal.shown();
    assert.equal(out, "once");
    assert.equal(err, "Error: The job was cancelled: on request\n");
  } finally {
    await server.close();
  }
});

Deno.test("ask() says that nobody answers at the queen's address", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${listener.addr.port}`;
  listener.close();
  await assert.rejects(
    ask(url, "bee-tiny", "Hello", {}, new Renderer(testTerminal(), {}), NEVER),
    { code: "unreachable", message: `Cannot reach ${url}: connection refused` },
  );
});

import assert from "node:assert/strict";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { engineSettingsSchema } from "../../src/config/engine_settings.ts";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import { ExternalEngine } from "../../src/hive/external_engine.ts";
import type { WorkerSpec } from "../../src/hive/worker_spec.ts";
import { ChangingProgram } from "../helpers/changing_program.ts";
import { engineCommand } from "../helpers/engine_command.ts";
import { engineHive, FIXTURE } from "../helpers/engine_hive.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const NEVER = new AbortController().signal;

/** The lines among the events of a job. */
function linesOf(events: readonly JobEvent[]): string[] {
  return events.flatMap((event) => event.type === "log" ? [event.line] : []);
}

/** What an engine with these settings makes of a spec. */
async function prepare(settings: Record<string, unknown>, spec: Partial<WorkerSpec> = {}) {
  const parsed = engineSettingsSchema.parse({ command: ["engine", "{port}"], ...settings });
  return await new ExternalEngine(parsed).prepare({
    model: "bee-tiny",
    device: "auto",
    engine: "x",
    options: {},
    ...spec,
  }, NEVER);
}

/** The variables that tell an engine which device to use. */
async function devicesOf(device: string, settings: Record<string, unknown> = {}) {
  const { env } = await prepare(settings, { device });
  return Object.entries(env).filter(([name]) => /^(CUDA|GGML)_/.test(name)).sort();
}

for (
  const name of [
    "plain.gguf",
    "two words.gguf",
    "$(id);`id`|&&>x.gguf",
    "'single' \"double\" \\.gguf",
    "*?[a] {b} {port}.gguf",
    "-flag.gguf",
    "line\u2028é\u{1f41d}.gguf",
  ]
) {
  Deno.test(`a model's path with ${JSON.stringify(name)} reaches the engine as one argument, seen by no shell`, async () => {
    await using folder = await TemporaryFolder.make();
    const model = folder.join(name);
    await Deno.writeTextFile(model, "GGUF");
    await using hive = engineHive(["--print-args", "--die-with", "{device}"]);
    const events = await hive.run({ ...FIXTURE, model, device: "cuda:1" });
    const end = events.at(-1);
    assert.ok(end?.type === "done", JSON.stringify(end));
    const line = linesOf(events).find((each) => each.startsWith("args: "));
    const args = JSON.parse(line!.slice("args: ".length)) as string[];
    const { url } = end.result as { url: string };
    assert.deepEqual(args, [
      "--model",
      model,
      "--port",
      new URL(url).port,
      "--print-args",
      "--die-with",
      "cuda:1",
    ]);
    const files = await Array.fromAsync(Deno.readDir(folder.path));
    assert.deepEqual(files.map((file) => file.name), [name]);
  });
}

Deno.test("ExternalEngine puts values in the place of whole arguments alone, and in none twice", async () => {
  await using folder = await TemporaryFolder.make();
  const model = folder.join("{port}");
  await Deno.writeTextFile(model, "GGUF");
  const { program, args, url } = await prepare({
    command: ["engine", "{model}", "{port}", "{model}", "{device}", "{}", "{PORT}", "$PORT"],
  }, { model });
  const { port } = new URL(url!);
  assert.equal(program, "engine");
  assert.deepEqual(args, [model, port, model, "auto", "{}", "{PORT}", "$PORT"]);
  assert.equal(url, `http://127.0.0.1:${port}`);
});

Deno.test("ExternalEngine leaves it to an engine that is not told of its model what that is", async () => {
  const { args } = await prepare({}, { model: "a name of its own" });
  assert.equal(args.length, 1);
});

Deno.test("ExternalEngine looks for the model's file before it starts anything", async () => {
  const command = ["engine", "{model}", "{port}"];
  await assert.rejects(prepare({ command }, { model: "/missing.gguf" }), {
    code: "model_not_found",
  });
  await assert.rejects(prepare({ command }, { model: "no-path" }), { code: "model_not_found" });
  await using folder = await TemporaryFolder.make();
  await Deno.writeTextFile(folder.join("page.gguf"), "<!DOCTYPE html>");
  await assert.rejects(prepare({ command }, { model: folder.join("page.gguf") }), {
    code: "not_gguf",
  });
});

Deno.test("ExternalEngine shows an engine the one GPU that was asked for, by the system's own count", async () => {
  assert.deepEqual(await devicesOf("auto"), []);
  assert.deepEqual(await devicesOf("gpu"), []);
  assert.deepEqual(await devicesOf("cpu"), [["CUDA_VISIBLE_DEVICES", ""]]);
  assert.deepEqual(await devicesOf("cuda:1"), [
    ["CUDA_DEVICE_ORDER", "PCI_BUS_ID"],
    ["CUDA_VISIBLE_DEVICES", "1"],
  ]);
  assert.deepEqual(await devicesOf("vulkan:0"), [["GGML_VK_VISIBLE_DEVICES", "0"]]);
});

Deno.test("ExternalEngine leaves the devices to a command that names the device, and to its own variables", async () => {
  assert.deepEqual(await devicesOf("cuda:1", { command: ["x", "{port}", "{device}"] }), []);
  assert.deepEqual(await devicesOf("cpu", { env: { CUDA_VISIBLE_DEVICES: "3" } }), [
    ["CUDA_VISIBLE_DEVICES", "3"],
  ]);
});

Deno.test("an engine has the variables of rbee.yaml, those of the hive, and of rbee's the hive's mark alone", async () => {
  const names = ["GREETING", "PATH", "RBEE_WORKER", "RBEE_NARRATION", "RBEE_HOME"];
  await using hive = engineHive(names.flatMap((name) => ["--print-env", name]), {
    engine: { env: { GREETING: "$(id) a  b;", LEVEL: 3 } },
  });
  const events = await hive.run(FIXTURE);
  const [{ worker_id } = assert.fail()] = await hive.list();
  assert.deepEqual(linesOf(events).filter((line) => line.startsWith("env ")), [
    "env GREETING=$(id) a  b;",
    `env PATH=${Deno.env.get("PATH")}`,
    `env RBEE_WORKER=${worker_id}`,
    "env RBEE_NARRATION is not set",
    "env RBEE_HOME is not set",
  ]);
});

const NARRATION = JSON.stringify({
  rbee: "narration",
  at: "2026-01-31T12:00:00.123Z",
  actor: "queen",
  action: "ready",
  human: "I am the queen",
  level: "error",
});

Deno.test("an engine that prints what looks like narration has printed a line", async () => {
  await using hive = engineHive(["--die-loading", "--die-with", NARRATION]);
  const events = await hive.run(FIXTURE);
  assert.ok(linesOf(events).includes(NARRATION));
  assert.ok(!events.some((event) => event.type === "narration" && event.actor === "queen"));
  const end = events.at(-1);
  assert.equal(end?.type === "error" && end.code, "worker_died");
});

Deno.test("an engine that is marked so narrates, and says itself why it failed", async () => {
  await using hive = engineHive(
    ["--die-loading", "--die-with", NARRATION, "--print-env", "RBEE_NARRATION"],
    { engine: { narration: true } },
  );
  const events = await hive.run(FIXTURE);
  assert.ok(linesOf(events).includes("env RBEE_NARRATION=json"));
  assert.ok(!linesOf(events).includes(NARRATION));
  const end = events.at(-1);
  assert.deepEqual(end?.type === "error" && end.message, "I am the queen");
});

Deno.test("a spawn's job has the engine's lines of both outputs, as the worker's", async () => {
  await using hive = engineHive(["--die-loading", "--die-with", "on standard error"]);
  const events = await hive.run(FIXTURE);
  const logs = events.filter((event) => event.type === "log");
  const streams = new Map(logs.map(({ line, stream, actor }) => [line, `${actor} ${stream}`]));
  assert.equal(streams.get("on standard error"), "worker stderr");
  assert.equal(streams.get("load_tensors: 50 % of the tensors are loaded"), "worker stdout");
});

Deno.test("ExternalEngine asks for readiness where rbee.yaml says", async () => {
  await using hive = engineHive(["--load-ms", "200"], { engine: { ready: "/v1/models?x=1" } });
  // It lists its models while it still loads.
  const job = await hive.watch(FIXTURE);
  assert.equal((await job.ended).at(-1)?.type, "done");
});

Deno.test("a memory check that refuses ends the spawn before a process is started", async () => {
  const asked: unknown[] = [];
  const check = (spec: WorkerSpec, file: { path: string }) => {
    asked.push([spec.options, file.path.replace(/.*\//, "")]);
    return Promise.reject(
      new RbeeError("insufficient_memory", "It needs 9 GB", { details: { needed_bytes: 9 } }),
    );
  };
  await using hive = engineHive([], { memory: { check } });
  const events = await hive.run({ ...FIXTURE, context: 64 });
  const end = events.at(-1);
  assert.ok(end?.type === "error");
  assert.deepEqual([end.code, end.message], ["insufficient_memory", "It needs 9 GB"]);
  const [failed] = await hive.list();
  assert.deepEqual(end.details, { needed_bytes: 9, worker_id: failed?.worker_id });
  assert.deepEqual([failed?.state, failed?.error?.code], ["failed", "insufficient_memory"]);
  assert.ok(!JSON.stringify(events).includes("Worker process"));
  assert.deepEqual(asked, [[{ context: 64 }, "bee-tiny.gguf"]]);
});

Deno.test("no memory is checked where rbee.yaml says so", async () => {
  const check = () => assert.fail("it was checked");
  await using hive = engineHive([], { memory: { check }, limits: { memory_check: false } });
  await hive.spawn(FIXTURE);
});

const TAKE_PORT = `
"$@" --load-ms 600000 > "$GATE" 2>&1 &
exec 3< "$GATE"
while read -r LINE <&3; do
  case "$LINE" in *"HTTP server is listening"*) break ;; esac
done`;

Deno.test("a port that another program takes between its choice and its use is tried again with another", async () => {
  await using program = await ChangingProgram.make({ first: TAKE_PORT });
  await using hive = engineHive([], { engine: { command: [program.path, ...engineCommand()] } });
  const events = await hive.run(FIXTURE);
  const end = events.at(-1);
  assert.ok(end?.type === "done", JSON.stringify(end));
  const lost = linesOf(events).find((line) => line.includes("couldn't bind"));
  const { url, restarts } = end.result as { url: string; restarts: number };
  assert.notEqual(/port: (\d+)/.exec(lost ?? "")?.[1], new URL(url).port);
  assert.equal(restarts, 0);
  assert.ok(events.some((event) =>
    event.type === "narration" && event.action === "worker_port" &&
    event.human === "Another program took its port; trying another"
  ));
  assert.equal(await program.starts(), 2);
});

Deno.test("a port that is always taken is given up after three", async () => {
  await using program = await ChangingProgram.make({ first: TAKE_PORT, later: TAKE_PORT });
  await using hive = engineHive([], { engine: { command: [program.path, ...engineCommand()] } });
  const end = (await hive.run(FIXTURE)).at(-1);
  assert.ok(end?.type === "error");
  assert.equal(end.code, "port_in_use");
  assert.match(end.message, /: another program took its port; try again \("start: couldn't bind/);
  assert.equal(await program.starts(), 3);
  assert.deepEqual((await hive.list()).map(({ state }) => state), ["failed"]);
});

Deno.test("an engine is not told the key of a collector of traces, nor whose name rbee has there", async () => {
  const given = {
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer x",
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: "authorization=Bearer x",
    OTEL_SERVICE_NAME: "rbee-hive",
    TRACEPARENT: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`,
  };
  const before = Object.keys(given).map((name) => [name, Deno.env.get(name)] as const);
  for (const [name, value] of Object.entries(given)) Deno.env.set(name, value);
  try {
    const { env } = await prepare({});
    assert.deepEqual(Object.keys(env).filter((name) => Object.hasOwn(given, name)), []);
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }
});

import assert from "node:assert/strict";
import { readRoleOptions, type RoleFlags } from "../../src/config/role_options.ts";
import { fixture, runCaptured } from "../helpers/captured_child.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

/** What a process whose home holds `yaml` reads for `flags`: JSON, or the code of an error. */
async function readIn(home: TemporaryFolder, yaml: string, flags: RoleFlags): Promise<string> {
  await Deno.mkdir(home.join("config"), { recursive: true });
  await Deno.writeTextFile(home.join("config", "rbee.yaml"), yaml);
  const captured = await runCaptured({
    ...fixture("read_role_options.ts", JSON.stringify(flags)),
    env: { ...Deno.env.toObject(), RBEE_HOME: home.path },
  });
  return captured.logged().join("\n");
}

const WORKER: RoleFlags = { role: "worker", device: "auto", model: "bee-tiny" };

Deno.test("readRoleOptions() lets flags beat rbee.yaml, and that the defaults", async () => {
  await using home = await TemporaryFolder.make();
  const cases: [flags: Partial<RoleFlags>, host: string, port: number][] = [
    [{}, "127.0.0.1", 7000],
    [{ port: 0, host: "::1" }, "::1", 0],
    [{ role: "hive" }, "127.0.0.1", 7835],
  ];
  for (const [given, host, port] of cases) {
    const flags: RoleFlags = { role: "queen", device: "auto", ...given };
    const options = JSON.parse(await readIn(home, "queen:\n  port: 7000\n", flags));
    assert.deepEqual([options.role, options.host, options.port], [flags.role, host, port]);
    assert.equal(options.paths.state, home.join("state"));
  }
});

Deno.test("readRoleOptions() tells the queen which models rbee.yaml names", async () => {
  await using home = await TemporaryFolder.make();
  const flags: RoleFlags = { role: "queen", device: "auto" };
  const yaml = "models:\n  bee-tiny: {}\n  hf:bees/honey: {}\n";
  assert.deepEqual(JSON.parse(await readIn(home, yaml, flags)).models, [
    "bee-tiny",
    "hf:bees/honey",
  ]);
  assert.deepEqual(JSON.parse(await readIn(home, "", flags)).models, []);
});

Deno.test("readRoleOptions() gives bad_config for a rbee.yaml that does not fit", async () => {
  await using home = await TemporaryFolder.make();
  const flags: RoleFlags = { role: "queen", device: "auto" };
  assert.equal(await readIn(home, "queen: 7", flags), "bad_config");
});

Deno.test("readRoleOptions() tells queen and hive apart whether this machine needs a token, and what they are called", async () => {
  await using home = await TemporaryFolder.make();
  const yaml = "queen:\n  require_token: true\n  names: [bees.lan, 10.0.0.5]\n";
  for (
    const [role, required, names] of [["queen", true, ["bees.lan", "10.0.0.5"]], [
      "hive",
      false,
      [],
    ]]
  ) {
    const flags = { role, device: "auto" } as RoleFlags;
    const options = JSON.parse(await readIn(home, yaml, flags));
    assert.deepEqual([options.requireToken, options.names], [required, names]);
  }
  for (const name of ["http://bees.lan", "bees.lan:7833", "*", ""]) {
    const flags: RoleFlags = { role: "queen", device: "auto" };
    assert.equal(await readIn(home, `queen: { names: ["${name}"] }`, flags), "bad_config");
  }
});

Deno.test("readRoleOptions() starts no worker where others could reach it", async () => {
  for (const host of ["0.0.0.0", "::", "10.0.0.5"]) {
    await assert.rejects(readRoleOptions({ ...WORKER, host }), { code: "usage", message: /queen/ });
  }
  const options = await readRoleOptions({ ...WORKER, host: "::1" });
  assert.ok(options.role === "worker" && options.host === "::1");
});

Deno.test("readRoleOptions() starts a worker on any free port of this machine", async () => {
  const options = await readRoleOptions(WORKER);
  assert.ok(options.role === "worker");
  assert.equal(options.host, "127.0.0.1");
  assert.equal(options.port, 0);
  assert.equal(options.parentPipe, false);
  assert.equal(options.model, "bee-tiny");
});

Deno.test("readRoleOptions() passes a worker's options on under their names of the contract", async () => {
  const options = await readRoleOptions({
    ...WORKER,
    device: "cuda:1",
    context: 4096,
    parallel: 2,
    threads: 8,
    gpuLayers: 0,
    kvType: "q8_0",
    parentPipe: true,
  });
  assert.ok(options.role === "worker");
  assert.equal(options.device, "cuda:1");
  assert.equal(options.parentPipe, true);
  assert.deepEqual(options.options, {
    context: 4096,
    parallel: 2,
    threads: 8,
    gpu_layers: 0,
    kv_type: "q8_0",
  });
});

Deno.test("readRoleOptions() names the flag that does not fit", async () => {
  const wrong: [flags: Partial<RoleFlags>, name: string][] = [
    [{ port: 65_536 }, "--port"],
    [{ port: NaN }, "--port"],
    [{ device: "tpu" }, "--device"],
    [{ context: 7 }, "--context"],
    [{ gpuLayers: -1 }, "--gpu-layers"],
    [{ parallel: 0 }, "--parallel"],
    [{ kvType: "f32" }, "--kv-type"],
    [{ threads: 1.5 }, "--threads"],
    [{ memoryLimit: -1 }, "--memory-limit"],
    [{ memoryLimit: 0.5 }, "--memory-limit"],
    [{ probe: "weather" }, "--probe"],
  ];
  for (const [flags, name] of wrong) {
    await assert.rejects(readRoleOptions({ ...WORKER, ...flags }), {
      name: "RbeeError",
      code: "usage",
      message: new RegExp(`^${name} does not fit: `),
    });
  }
});

Deno.test("readRoleOptions() wants a model for a worker and says which", async () => {
  const { model: _, ...flags } = WORKER;
  await assert.rejects(readRoleOptions(flags), { code: "usage", message: /--model.*bee-tiny/ });
});

Deno.test("readRoleOptions() lets a worker check its memory, unless it is told not to", async () => {
  const usual = await readRoleOptions(WORKER);
  assert.ok(usual.role === "worker");
  assert.deepEqual([usual.memoryCheck, usual.memoryLimit, usual.probe], [
    true,
    undefined,
    undefined,
  ]);
  const told = await readRoleOptions({ ...WORKER, memoryCheck: false, memoryLimit: 0 });
  assert.ok(told.role === "worker");
  assert.deepEqual([told.memoryCheck, told.memoryLimit], [false, 0]);
});

Deno.test("readRoleOptions() wants no model to ask for the devices alone", async () => {
  const { model: _, ...flags } = WORKER;
  const options = await readRoleOptions({ ...flags, probe: "devices" });
  assert.ok(options.role === "worker");
  assert.deepEqual([options.probe, options.model], ["devices", ""]);
  await assert.rejects(readRoleOptions({ ...flags, probe: "memory" }), { code: "usage" });
});

Deno.test("readRoleOptions() gives a hive what rbee.yaml says of its limits, models and engines", async () => {
  await using home = await TemporaryFolder.make();
  const yaml = `
hive: {idle: 10s, max_workers: 3, max_queue: 7}
models:
  bee-tiny: {preload: true}
engines:
  x: {command: [x, "{port}"]}
`;
  const { settings } = JSON.parse(await readIn(home, yaml, { role: "hive", device: "auto" }));
  const { idle, max_workers, max_queue, memory_check } = settings.limits;
  assert.deepEqual([idle, max_workers, max_queue, memory_check], [10_000, 3, 7, true]);
  assert.deepEqual(settings.models, { "bee-tiny": { pin: false, preload: true } });
  assert.deepEqual(settings.engines["x"].command, ["x", "{port}"]);
});

Deno.test("readRoleOptions() gives the queen how many requests run and wait", async () => {
  await using home = await TemporaryFolder.make();
  const yaml = "queen: {max_requests: 3, max_queue: 0}\n";
  const { limits } = JSON.parse(await readIn(home, yaml, { role: "queen", device: "auto" }));
  assert.deepEqual([limits.max_requests, limits.max_queue], [3, 0]);
});

Deno.test("readRoleOptions() lets 512 requests wait for a worker's slot, or as many as it is told", async () => {
  for (const [given, expected] of [[undefined, 512], [0, 0], [7, 7]] as const) {
    const options = await readRoleOptions({
      ...WORKER,
      ...(given === undefined ? {} : { maxQueue: given }),
    });
    assert.equal(options.role === "worker" && options.maxQueue, expected);
  }
  await assert.rejects(readRoleOptions({ ...WORKER, maxQueue: -1 }), { message: /^--max-queue / });
});

Deno.test("readRoleOptions() finds the files of TLS by the flags, else by rbee.yaml from its own folder on", async () => {
  await using home = await TemporaryFolder.make();
  const yaml =
    "queen: { tls_cert: a.pem, tls_key: /a.key, ca: ca.pem, max_connections: 7 }\nhive: {}\n";
  const read = async (flags: Partial<RoleFlags>) =>
    JSON.parse(await readIn(home, yaml, { role: "queen", device: "auto", ...flags }));
  const queen = await read({});
  assert.deepEqual(queen.tls, { cert: home.join("config", "a.pem"), key: "/a.key" });
  assert.equal(queen.ca, home.join("config", "ca.pem"));
  assert.equal(queen.maxConnections, 7);
  const told = await read({ tlsCert: "/b.pem", tlsKey: "/b.key", ca: "/b-ca.pem" });
  assert.deepEqual([told.tls, told.ca], [{ cert: "/b.pem", key: "/b.key" }, "/b-ca.pem"]);
  assert.equal((await read({ role: "hive" })).tls, undefined);
});

Deno.test("readRoleOptions() takes certificate and key together or not at all", async () => {
  await using home = await TemporaryFolder.make();
  const flags: RoleFlags = { role: "queen", device: "auto", tlsCert: "/a.pem" };
  assert.match(await readIn(home, "", flags), /usage/);
  const half = "hive: { tls_key: a.key }\n";
  assert.match(await readIn(home, half, { role: "queen", device: "auto" }), /bad_config/);
});

import assert from "node:assert/strict";
import { deviceListSchema } from "../../src/contracts/device.ts";
import type { ProbedDevices } from "../../src/contracts/probe.ts";
import { DeviceSurvey, type DeviceSurveyOptions } from "../../src/hive/device_survey.ts";
import { shell } from "../helpers/captured_child.ts";
import { machineFolder, meminfo } from "../helpers/machine_folder.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { shellProgram } from "../helpers/shell_program.ts";
import type { TemporaryFolder } from "../helpers/temporary_folder.ts";

const MIB = 1024 * 1024;
const NONE = { nvidiaSmi: { program: "no-such-nvidia-smi" } };
const T4 = "0, Tesla T4, 15360, 15000, 0";

/** A machine of 16 GiB with what llama.cpp and nvidia-smi say of its cards. */
async function fakeMachine(
  seen: string,
  cards: string,
): Promise<{ folder: TemporaryFolder; options: DeviceSurveyOptions }> {
  const folder = await machineFolder({
    "proc/meminfo": meminfo(16 * MIB, 10 * MIB),
    "proc/cpuinfo": "model name\t: Test CPU\nflags\t: avx2\n",
  });
  const program = await shellProgram(folder, "nvidia-smi", cards);
  const counted = `echo >> ${folder.join("probes")}; ${seen}`;
  return {
    folder,
    options: { root: folder.path, nvidiaSmi: { program }, probeCommand: shell(counted) },
  };
}

function answer(backend: ProbedDevices["backend"], ...names: string[]): string {
  const devices = names.map((name) => ({ name, total_bytes: null, free_bytes: null }));
  return `echo '${JSON.stringify({ rbee: "probe", probe: "devices", backend, devices })}'`;
}

Deno.test("DeviceSurvey.list() of this machine begins with its processor", async () => {
  const survey = new DeviceSurvey(NONE);
  const devices = await survey.list();
  deviceListSchema.parse({ devices });
  const [cpu] = devices;
  assert.equal(cpu?.device, "cpu");
  assert.ok(cpu.free_bytes! > 0 && cpu.free_bytes! <= cpu.total_bytes!);
});

Deno.test("DeviceSurvey.list() merges what llama.cpp and nvidia-smi say of a card", async () => {
  const { folder, options } = await fakeMachine(answer("cuda", "Tesla T4"), `echo '${T4}'`);
  await using _ = folder;
  const devices = await new DeviceSurvey(options).list();
  deviceListSchema.parse({ devices });
  assert.deepEqual(devices.map(({ device, name }) => [device, name]), [
    ["cpu", "Test CPU"],
    ["cuda:0", "Tesla T4"],
  ]);
  assert.equal(devices[1]!.free_bytes, 15_000 * MIB);
});

Deno.test("DeviceSurvey.list() reads the free memory anew each time, and asks llama.cpp once", async () => {
  const { folder, options } = await fakeMachine(answer("cpu"), "exit 1");
  await using _ = folder;
  const survey = new DeviceSurvey(options);
  survey.start();
  survey.start();
  assert.equal((await survey.list())[0]!.free_bytes, 10 * MIB * 1024);
  await Deno.writeTextFile(folder.join("proc/meminfo"), meminfo(16 * MIB, 3 * MIB));
  assert.equal((await survey.list())[0]!.free_bytes, 3 * MIB * 1024);
  assert.equal((await Deno.readTextFile(folder.join("probes"))).length, 1);
});

Deno.test("DeviceSurvey.snapshot() knows what was listed, reads the free memory, and starts nothing", async () => {
  const { folder, options } = await fakeMachine(answer("cuda", "Tesla T4"), `echo '${T4}'`);
  await using _ = folder;
  const survey = new DeviceSurvey(options);
  assert.deepEqual(survey.snapshot().map(({ device }) => device), ["cpu"]);
  await assert.rejects(Deno.stat(folder.join("probes")), Deno.errors.NotFound);
  const devices = await survey.list();
  assert.deepEqual(survey.snapshot(), devices);
  await Deno.writeTextFile(folder.join("proc/meminfo"), meminfo(16 * MIB, 3 * MIB));
  assert.equal(survey.snapshot()[0]!.free_bytes, 3 * MIB * 1024);
});

Deno.test("DeviceSurvey.list() says once that llama.cpp cannot use a card, and does not list it", async () => {
  const { folder, options } = await fakeMachine(answer("cpu"), `echo '${T4}'`);
  await using _ = folder;
  using said = new RecordedNarration();
  const survey = new DeviceSurvey(options);
  assert.equal((await survey.list()).length, 1);
  await survey.list();
  assert.deepEqual(said.records.map(({ action, human, level }) => [action, human, level]), [[
    "device_survey",
    "llama.cpp here cannot use Tesla T4; add the GPU package as README says",
    "info",
  ]]);
});

Deno.test("DeviceSurvey.list() gives the processor and a warning when llama.cpp cannot be asked", async () => {
  const { folder, options } = await fakeMachine("echo 'no luck' >&2; exit 3", `echo '${T4}'`);
  await using _ = folder;
  using said = new RecordedNarration();
  assert.deepEqual((await new DeviceSurvey(options).list()).map(({ device }) => device), ["cpu"]);
  assert.deepEqual(said.records.map(({ human, level, fields }) => [human, level, fields]), [[
    "GPUs are not listed: Cannot ask llama.cpp: its process ended with 3: no luck",
    "warn",
    { code: "probe_failed" },
  ]]);
});

Deno.test("DeviceSurvey.list() does not wait for ever for llama.cpp", async () => {
  const { folder, options } = await fakeMachine("exec sleep 600", "exit 1");
  await using _ = folder;
  const devices = await new DeviceSurvey({ ...options, probeLimitMs: 50 }).list();
  assert.deepEqual(devices.map(({ device }) => device), ["cpu"]);
});

Deno.test("DeviceSurvey.start() ends with its signal, without a word", async () => {
  const { folder, options } = await fakeMachine("exec sleep 600", "exit 0");
  await using _ = folder;
  using said = new RecordedNarration();
  const abort = new AbortController();
  const survey = new DeviceSurvey(options);
  survey.start(abort.signal);
  abort.abort(new Error("the hive ends"));
  assert.equal((await survey.list()).length, 1);
  assert.deepEqual(said.records, []);
});

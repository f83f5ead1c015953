import assert from "node:assert/strict";
import { type ProbeAnswer, probeAnswerSchema } from "../../src/contracts/probe.ts";
import { writeEmptyModel } from "../helpers/gguf_file.ts";
import { type CommandResult, RbeeHome } from "../helpers/rbee_home.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

/** What a probe process prints and how it ends. */
async function probe(...args: string[]): Promise<CommandResult> {
  await using home = await RbeeHome.create();
  return await home.rbee(["serve", "--role", "worker", ...args]);
}

/** The one line of a probe that was answered. */
async function answerOf(...args: string[]): Promise<ProbeAnswer> {
  const { code, stdout, stderr } = await probe(...args);
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /^\{"rbee":"probe",.*\}\n$/);
  return probeAnswerSchema.parse(JSON.parse(stdout));
}

Deno.test("serve --probe devices tells what llama.cpp sees, and needs no model", async () => {
  const answer = await answerOf("--probe", "devices");
  assert.ok(answer.probe === "devices");
  assert.equal(answer.backend === "cpu", answer.devices.length === 0);
});

Deno.test("serve --probe devices sees no GPU where it is told to use none", async () => {
  const answer = await answerOf("--probe", "devices", "--device", "cpu");
  assert.deepEqual(answer, { rbee: "probe", probe: "devices", backend: "cpu", devices: [] });
});

Deno.test("serve --probe memory tells what a model needs with its options", async () => {
  const answer = await answerOf(
    ...["--probe", "memory", "--model", "bee-tiny", "--device", "cpu"],
    ...["--context", "2048", "--parallel", "2", "--kv-type", "f16", "--gpu-layers", "0"],
  );
  assert.ok(answer.probe === "memory");
  assert.deepEqual([answer.context, answer.layers, answer.gpu_layers], [2048, 5, 0]);
  assert.equal(answer.ram_bytes, answer.model_bytes + answer.context_bytes);
});

Deno.test("serve --probe memory gives the reason and exits with 1 for what is no model", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("page.gguf");
  await Deno.writeTextFile(path, "<!DOCTYPE html>");
  const { code, stdout } = await probe("--probe", "memory", "--model", path);
  assert.equal(code, 1);
  assert.match(stdout, /^\[worker {4}\] probe {10}: ".*" is not a GGUF file .*\n$/);
});

Deno.test("serve --probe memory gives llama.cpp's reason for what it could not load", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("unknown.gguf");
  await writeEmptyModel(path, { architecture: "beehive" });
  const { code, stdout, stderr } = await probe("--probe", "memory", "--model", path);
  assert.equal(code, 1);
  assert.match(
    stdout,
    /Cannot tell what memory ".*" needs: .*unknown model architecture: 'beehive'/,
  );
  assert.equal(stderr, "");
});

Deno.test("serve --probe memory wants a model", async () => {
  const { code, stdout } = await probe("--probe", "memory");
  assert.equal(code, 2);
  assert.match(stdout, /A worker needs --model/);
});

Deno.test("serve --probe of something else is wrong usage", async () => {
  const { code, stdout } = await probe("--probe", "weather", "--model", "bee-tiny");
  assert.equal(code, 2);
  assert.match(stdout, /--probe does not fit/);
});

Deno.test("serve --help keeps to itself what a hive and its workers have between them", async () => {
  await using home = await RbeeHome.create();
  const { stdout } = await home.rbee(["serve", "--help"]);
  assert.match(stdout, /--no-memory-check/);
  assert.doesNotMatch(stdout, /--probe|--memory-limit/);
});

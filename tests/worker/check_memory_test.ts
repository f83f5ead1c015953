import assert from "node:assert/strict";
import type { NarrationRecord } from "../../src/contracts/narration_record.ts";
import { narrationRecordSchema } from "../../src/contracts/narration_record.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";
import { writeEmptyModel } from "../helpers/gguf_file.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

/** What a real worker that does not get so far as to answer narrates, and its exit code. */
async function refusal(...args: string[]): Promise<{ code: number; said: NarrationRecord[] }> {
  await using home = await RbeeHome.create();
  const { code, stdout } = await home.rbee(
    ["serve", "--role", "worker", "--device", "cpu", ...args],
    { env: { RBEE_NARRATION: "json" } },
  );
  const said = stdout.trimEnd().split("\n").map((line) =>
    narrationRecordSchema.parse(JSON.parse(line))
  );
  return { code, said };
}

const find = (said: NarrationRecord[], action: string) =>
  said.find((record) => record.action === action);

Deno.test("a worker refuses a context that no memory holds, before it loads anything", async () => {
  const { code, said } = await refusal("--model", "bee-tiny", "--context", "16000000");
  assert.equal(code, 1);
  const last = said.at(-1)!;
  assert.deepEqual([last.action, last.level], ["model_load", "error"]);
  assert.match(
    last.human,
    /^Cannot load bee-tiny with --context 16000000: it needs 82\.0 GB \(model 0\.0, context 81\.9\) and [\d.]+ GB of [\d.]+ GB are free; take --context \d+ at most/,
  );
  const { code: reason, needed_bytes, free_bytes, model_bytes, context_bytes } = last.fields!;
  assert.equal(reason, "insufficient_memory");
  assert.equal(needed_bytes, Number(model_bytes) + Number(context_bytes));
  assert.ok(Number(free_bytes) > 0 && Number(free_bytes) < Number(needed_bytes));
  assert.ok(!said.some(({ progress }) => progress !== undefined), "it has begun to load");
});

Deno.test("a worker says what it needs and what is free, and then refuses", async () => {
  const limit = ["--memory-limit", "5000000"];
  const { said } = await refusal("--model", "bee-tiny", ...limit);
  const memory = find(said, "memory");
  assert.equal(memory?.human, "Needs 6.3 MB (model 1.7, context 4.5); 5.0 MB are free");
  assert.equal(memory.level, "info");
  const { needed_bytes, free_bytes, vram_bytes } = memory.fields!;
  assert.deepEqual([free_bytes, vram_bytes], [5_000_000, 0]);
  assert.ok(Number(needed_bytes) > 6e6);
  assert.match(said.at(-1)!.human, /^Cannot load bee-tiny: it needs 6\.3 MB .* 5\.0 MB of /);
});

Deno.test("a worker gives the largest context that fits into what it is granted", async () => {
  const limit = ["--memory-limit", "30000000"];
  const { said } = await refusal("--model", "bee-tiny", "--context", "16384", ...limit);
  const { largest_context } = said.at(-1)!.fields!;
  assert.equal(typeof largest_context, "number");
  await using home = await RbeeHome.create();
  const worker = home.start(
    [
      ...["serve", "--role", "worker", "--model", "bee-tiny", "--device", "cpu"],
      ...["--context", String(largest_context), ...limit],
    ],
  );
  await worker.line(/worker_ready/);
  worker.signal("SIGTERM");
  assert.equal((await worker.result).code, 0);
});

Deno.test("a worker refuses a model that is larger than any memory, at once", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("huge.gguf");
  // Zeros, which take no room.
  await writeEmptyModel(path, { layers: 500, width: 16_384 });
  const { code, said } = await refusal("--model", path);
  assert.equal(code, 1);
  assert.equal(said.at(-1)!.fields!["code"], "insufficient_memory");
  assert.match(said.at(-1)!.human, /^Cannot load huge: it needs \d{4}\.\d GB /);
});

Deno.test("a worker that is told not to check loads what it can", async () => {
  await using home = await RbeeHome.create();
  const worker = home.start(
    [
      ...["serve", "--role", "worker", "--model", "bee-tiny", "--device", "cpu"],
      ...["--memory-limit", "1", "--no-memory-check"],
    ],
  );
  await worker.line(/worker_ready/);
  worker.signal("SIGTERM");
  const { code, stdout } = await worker.result;
  assert.equal(code, 0);
  assert.doesNotMatch(stdout, /\] memory /);
});

Deno.test("a worker gives llama.cpp's own reason for an architecture that is not known", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("unknown.gguf");
  await writeEmptyModel(path, { architecture: "beehive" });
  const { code, said } = await refusal("--model", path);
  assert.equal(code, 1);
  assert.equal(said.at(-1)!.fields!["code"], "model_load_failed");
  assert.match(said.at(-1)!.human, /unknown model architecture: 'beehive'/);
  assert.equal(find(said, "memory")?.level, "debug");
});

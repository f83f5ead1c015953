import assert from "node:assert/strict";
import { isAlive } from "../../src/process/process_identity.ts";
import { engineHive, FIXTURE } from "../helpers/engine_hive.ts";
import { shellProgram } from "../helpers/shell_program.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { writeProgram } from "../helpers/written_program.ts";

/** How a spawn fails whose engine is the program at `program`, and how its worker is listed. */
async function failureOf(program: string): Promise<{ code: string; message: string }> {
  await using hive = engineHive([], { engine: { command: [program, "{port}"] } });
  const events = await hive.run(FIXTURE);
  const end = events.at(-1);
  assert.ok(end?.type === "error", JSON.stringify(end));
  const [worker] = await hive.list();
  assert.deepEqual([worker?.state, worker?.pid, worker?.url], ["failed", null, null]);
  const { code, message, details } = end;
  assert.deepEqual(worker?.error, { code, message, details });
  assert.ok(!message.includes("\n") && message.length < 400, message);
  return { code, message };
}

Deno.test("an engine that is not there fails its worker with one clear sentence", async () => {
  for (const program of ["/missing/engine", "no-such-engine-anywhere"]) {
    assert.deepEqual(await failureOf(program), {
      code: "cannot_spawn",
      message: `Cannot start "${program}": there is no such program; check the path, or install it`,
    });
  }
});

Deno.test("an engine that is not executable fails its worker with one clear sentence", async () => {
  await using folder = await TemporaryFolder.make();
  const program = folder.join("engine");
  await Deno.writeTextFile(program, "#!/bin/sh\n", { mode: 0o644 });
  assert.deepEqual(await failureOf(program), {
    code: "cannot_spawn",
    message:
      `Cannot start "${program}": it is not executable; check that it is a program, or try chmod +x`,
  });
});

Deno.test("an engine for another processor fails its worker with one clear sentence", async () => {
  await using folder = await TemporaryFolder.make();
  const program = folder.join("engine");
  const [machine, name] = Deno.build.arch === "x86_64" ? [0xb7, "aarch64"] : [0x3e, "x86_64"];
  // The head of an ELF file, see elf(5).
  const head = new Uint8Array(64);
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  head.set([2, 0, machine, 0], 16);
  await writeProgram(program, head);
  assert.deepEqual(await failureOf(program), {
    code: "cannot_spawn",
    message:
      `Cannot start "${program}": it is a program for another processor (${name}), and this machine is ${Deno.build.arch}; install the one for this machine`,
  });
});

Deno.test("an engine whose interpreter is not there fails its worker with one clear sentence", async () => {
  await using folder = await TemporaryFolder.make();
  const program = folder.join("engine");
  await writeProgram(program, "#!/missing/python3\n");
  assert.deepEqual(await failureOf(program), {
    code: "cannot_spawn",
    message:
      `Cannot start "${program}": its first line names /missing/python3, which is not there; install that, or mend the line`,
  });
});

Deno.test("an engine that ends before it has said anything fails its worker with how it ended", async () => {
  await using folder = await TemporaryFolder.make();
  for (
    const [script, how] of [
      ["exit 0", "exit code 0"],
      ["exit 7", "exit code 7"],
      ["kill -SEGV $$", "signal SIGSEGV"],
    ]
  ) {
    const { code, message } = await failureOf(await shellProgram(folder, "engine", script!));
    assert.equal(code, "worker_died");
    assert.match(
      message,
      RegExp(`^The worker for "bee-tiny" ended unexpectedly \\(${how}\\); see rbee worker logs `),
    );
  }
});

Deno.test("an engine that lacks a library fails its worker with what the dynamic linker said", async () => {
  await using folder = await TemporaryFolder.make();
  const line =
    "llama-server: error while loading shared libraries: libcuda.so.1: cannot open shared object file: No such file or directory";
  const program = await shellProgram(folder, "engine", `echo "${line}" >&2; exit 127`);
  const { code, message } = await failureOf(program);
  assert.equal(code, "missing_library");
  assert.match(message, /\(exit code 127\): a shared library .* \("llama-server: error while/);
});

Deno.test("an engine that hangs while it loads is ended, however it takes that", async () => {
  await using hive = engineHive(["--hang", "--ignore-sigterm"], {
    engine: { stall: "300ms" },
    graceMs: 100,
  });
  const job = await hive.watch(FIXTURE);
  const started = await job.said(/^Worker process/);
  const pid = Number(started.type === "narration" && started.fields?.["pid"]);
  const end = (await job.ended).at(-1);
  assert.ok(end?.type === "error");
  const [worker] = await hive.list();
  assert.equal(end.code, "timeout");
  assert.match(end.message, /^Nothing happened for \S+ s while waiting for it to be ready; /);
  assert.ok(end.message.endsWith(`; see rbee worker logs ${worker?.worker_id}`));
  assert.equal(worker?.state, "failed");
  assert.equal(isAlive(pid), false);
});

Deno.test("an engine that answers, and never that it is ready, is ended as one that hangs", async () => {
  await using hive = engineHive([], { engine: { stall: "300ms", ready: "/not/there" } });
  const end = (await hive.run(FIXTURE)).at(-1);
  assert.equal(end?.type === "error" && end.code, "timeout");
});

Deno.test("an engine that prints without end and is never ready is ended when its load takes too long", async () => {
  await using folder = await TemporaryFolder.make();
  const program = await shellProgram(folder, "engine", "while :; do echo loading; done");
  await using hive = engineHive([], {
    engine: { command: [program, "{port}"], load: "500ms" },
    graceMs: 100,
  });
  const end = (await hive.run(FIXTURE)).at(-1);
  assert.ok(end?.type === "error");
  assert.equal(end.code, "timeout");
  assert.match(end.message, /^It was not ready 1 s after it was started; see rbee worker logs /);
});

Deno.test("an engine that loads for longer than its stall limit, and says how far it is, becomes ready", async () => {
  await using hive = engineHive(["--load-ms", "3000"], { engine: { stall: "1500ms" } });
  const end = (await hive.run(FIXTURE)).at(-1);
  assert.equal(end?.type, "done", JSON.stringify(end));
});

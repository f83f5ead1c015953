import assert from "node:assert/strict";
import { enginesAsModels, fixtureEngine, SupervisedHome } from "../helpers/supervised_home.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { writeProgram } from "../helpers/written_program.ts";

/** The fixture engine behind a line of shell, which sees its command as "$@". */
function behindShell(script: string, ...flags: string[]): { command: string[] } {
  return { command: ["/bin/sh", "-c", script, "sh", ...fixtureEngine(...flags).command] };
}

/** The first bytes of a program for a processor that is not this machine's. See elf(5). */
function foreignProgram(): Uint8Array<ArrayBuffer> {
  const AARCH64 = 0xb7;
  const X86_64 = 0x3e;
  const head = new Uint8Array(64);
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  const view = new DataView(head.buffer);
  view.setUint16(16, 2, true);
  view.setUint16(18, Deno.build.arch === "x86_64" ? AARCH64 : X86_64, true);
  view.setUint32(20, 1, true);
  return head;
}

Deno.test("what an engine has started ends with it, whether it is stopped, ignores that, or dies", async () => {
  const forks = ["--forks", "20", "--fork-daemon"];
  await using home = await SupervisedHome.up(enginesAsModels({
    stubborn: fixtureEngine("--ignore-sigterm", ...forks),
    obedient: fixtureEngine(...forks),
    dying: fixtureEngine(...forks),
  }));
  const stubborn = await home.spawn("stubborn");
  const obedient = await home.spawn("obedient");
  const dying = await home.spawn("dying");
  const family = await home.family();
  assert.equal(family.length, 66, "each has 20 children and a daemon");

  const stops = [stubborn, obedient].map(({ worker_id }) =>
    home.rbee.rbee(["worker", "stop", worker_id])
  );
  Deno.kill(dying.pid!, "SIGKILL");
  await home.workerIs("dying", "ready", ({ restarts }) => restarts === 1);
  for (const { code, stderr } of await Promise.all(stops)) {
    assert.equal(code, 0, stderr);
    assert.match(stderr, /\[hive {6}\] worker_stop {4}: Stopping the worker for /);
  }
  await home.assertGone(family);
  assert.equal((await home.worker("stubborn")).state, "stopped");
  assert.equal((await home.worker("obedient")).state, "stopped");
  assert.equal((await home.family()).length, 22, "the one that died is back with all of its own");
  await home.end();
});

Deno.test("an engine that closes its outputs answers, and one that has ended before they were read fails with its last words", async () => {
  await using home = await SupervisedHome.up(enginesAsModels({
    mute: behindShell('echo "closing my outputs"; exec >/dev/null 2>&1; exec "$@"'),
    silent: { command: ["/bin/sh", "-c", "exit 7", "sh", "{port}"] },
    brief: { command: ["/bin/sh", "-c", "echo out; echo err >&2; exit 3", "sh", "{port}"] },
    satisfied: { command: ["/bin/true", "{port}"] },
  }));
  const mute = await home.spawn("mute");
  assert.ok((await home.logLines(mute.worker_id)).includes("closing my outputs"));
  const asked = await home.watch({
    operation: "infer",
    model: "mute",
    prompt: "Hi",
    max_tokens: 2,
  });
  assert.equal((await asked.end).type, "done");
  assert.equal(asked.text, "The bee");

  const sentences: Record<string, RegExp> = {
    silent: /ended unexpectedly \(exit code 7\); see rbee worker logs worker-\S+$/,
    brief:
      /ended unexpectedly \(exit code 3\), and last said "(out|err)"; see rbee worker logs \S+$/,
    satisfied: /ended unexpectedly \(exit code 0\); see rbee worker logs worker-\S+$/,
  };
  for (const [model, sentence] of Object.entries(sentences)) {
    const end = await home.run({ operation: "infer", model, prompt: "Hello" });
    assert.ok(end.type === "error", JSON.stringify(end));
    assert.match(end.message, sentence);
    const { state, error } = await home.worker(model);
    assert.deepEqual([state, error?.message], ["failed", end.message]);
  }
  const { worker_id } = await home.worker("brief");
  const logs = await home.rbee.rbee(["worker", "logs", worker_id]);
  assert.equal(logs.code, 0, logs.stderr);
  for (const line of [/^out$/m, /^err$/m, /^Ended: .*exit code 3/m]) {
    assert.match(logs.stdout, line);
  }
  const { state, restarts } = await home.worker("mute");
  assert.deepEqual([state, restarts], ["ready", 0]);
  await home.end();
});

Deno.test("a program that cannot be started is one sentence, exit status 1, and a failed worker", async () => {
  await using temporary = await TemporaryFolder.make();
  const folder = temporary.path;
  await Deno.writeTextFile(`${folder}/notes.txt`, "no program\n", { mode: 0o644 });
  await writeProgram(`${folder}/foreign`, foreignProgram());
  await writeProgram(`${folder}/script`, "#!/no/such/python3\nserve()\n");
  const programs: Record<string, [program: string, why: RegExp]> = {
    missing: [`${folder}/llama-server`, /there is no such program; check the path, or install it/],
    unknown: ["no-such-llama-server", /there is no such program; check the path, or install it/],
    text: [`${folder}/notes.txt`, /it is not executable; check that it is a program, or try chmod/],
    foreign: [
      `${folder}/foreign`,
      /it is a program for another processor \(\w+\), .* this machine/,
    ],
    script: [`${folder}/script`, /its first line names \/no\/such\/python3, which is not there/],
  };
  await using home = await SupervisedHome.up(enginesAsModels(
    Object.fromEntries(
      Object.entries(programs).map(([name, [program]]) => [name, { command: [program, "{port}"] }]),
    ),
  ));
  const spawns = await Promise.all(
    Object.keys(programs).map((model) => home.rbee.rbee(["worker", "spawn", model])),
  );
  const list = await home.rbee.rbee(["worker", "list"]);
  for (const [at, [model, [program, why]]] of Object.entries(programs).entries()) {
    const { code, stdout, stderr } = spawns[at]!;
    assert.equal(code, 1, stderr);
    assert.equal(stdout, "");
    const sentence = /^Error: (.*)$/m.exec(stderr)?.[1] ?? "";
    assert.ok(sentence.startsWith(`Cannot start "${program}": `), stderr);
    assert.match(sentence, why);
    assert.match(list.stdout, new RegExp(`^${model} +failed `, "m"));
    const { worker_id } = await home.worker(model);
    assert.ok(list.stdout.includes(`\n${worker_id}: ${sentence}\n`), list.stdout);
  }
  assert.deepEqual(await home.family(), []);
  await home.end();
});

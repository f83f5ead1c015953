import assert from "node:assert/strict";
import { runProgram } from "../../src/process/run_program.ts";
import { shell } from "../helpers/captured_child.ts";
import { gone } from "../helpers/marked_processes.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const PATIENT = { limitMs: 20_000 };

Deno.test("runProgram() gives what was printed where, and the exit code", async () => {
  const run = await runProgram(shell("echo one; echo two; echo three >&2; exit 9"), PATIENT);
  assert.deepEqual(run, {
    exit: { code: 9, signal: null },
    out: ["one", "two"],
    err: ["three"],
    narrated: [],
  });
});

Deno.test("runProgram() tells narration from the rest where it is trusted", async () => {
  const record = {
    rbee: "narration",
    at: "2026-01-02T03:04:05.678Z",
    actor: "worker",
    action: "probe",
    human: "No",
    level: "error",
  };
  const command = shell(`echo '${JSON.stringify(record)}'; echo else`);
  const trusted = await runProgram(command, { ...PATIENT, narration: true });
  assert.deepEqual([trusted.narrated, trusted.out], [[record], ["else"]]);
  const foreign = await runProgram(command, PATIENT);
  assert.deepEqual([foreign.narrated, foreign.out.length], [[], 2]);
});

Deno.test("runProgram() closes its input", async () => {
  const { out } = await runProgram(shell("cat; echo end"), PATIENT);
  assert.deepEqual(out, ["end"]);
});

Deno.test("runProgram() keeps 1,000 lines of a program that prints many", async () => {
  const { out, err, exit } = await runProgram(shell("seq 5000; seq 1500 >&2"), PATIENT);
  assert.equal(exit.code, 0);
  assert.deepEqual([out.length, err.length], [1000, 1000]);
  assert.deepEqual([out[0], out[999], err[999]], ["1", "1000", "1000"]);
});

Deno.test("runProgram() gives the environment that it is told, and no other", async () => {
  const { out } = await runProgram({ ...shell("echo $ONE$HOME"), env: { ONE: "1" } }, PATIENT);
  assert.deepEqual(out, ["1"]);
});

Deno.test("runProgram() rejects for a program that is not there", async () => {
  await assert.rejects(runProgram({ program: "/no/such-program", args: [] }, PATIENT), {
    code: "cannot_spawn",
  });
});

Deno.test("runProgram() gives up what does not end in time", async () => {
  await assert.rejects(runProgram(shell("trap '' TERM; exec sleep 600"), { limitMs: 50 }), {
    name: "RbeeError",
    code: "timeout",
    message: '"sh" did not end within 0.05 s; try it by hand',
  });
});

Deno.test("runProgram() kills the program and what that has started when its signal aborts", async () => {
  await using folder = await TemporaryFolder.make();
  const pipe = folder.join("pids");
  await runProgram({ program: "mkfifo", args: [pipe] }, PATIENT);
  const abort = new AbortController();
  const reason = new Error("the hive ends");
  const running = runProgram(
    shell(`trap '' TERM; sleep 600 & echo $$ $! > ${pipe}; wait`),
    { ...PATIENT, signal: abort.signal },
  );
  const pids = (await Deno.readTextFile(pipe)).trim().split(" ").map(Number);
  assert.equal(pids.length, 2);
  abort.abort(reason);
  await assert.rejects(running, reason);
  for (const pid of pids) await gone(pid);
});

Deno.test("runProgram() starts nothing when its signal has aborted already", async () => {
  const reason = new Error("too late");
  await assert.rejects(
    runProgram({ program: "/no/such-program", args: [] }, {
      ...PATIENT,
      signal: AbortSignal.abort(reason),
    }),
    reason,
  );
});

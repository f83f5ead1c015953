import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import {
  holderOfCommand,
  KEPT_PERMISSIONS,
  PERMISSION_KINDS,
  permissionFlags,
  type PermissionHolder,
} from "../../src/process/permissions.ts";
import { runProgram } from "../../src/process/run_program.ts";
import { DENO_RUN } from "../../src/process/self_command.ts";

const PROJECT = new URL("../../", import.meta.url);
const HOLD = fileURLToPath(new URL("../fixtures/held_permissions.ts", import.meta.url));
const BLIND = fileURLToPath(new URL("../fixtures/blind_pid_file.ts", import.meta.url));
const MAIN = fileURLToPath(new URL("main.ts", PROJECT));
const CONFIG = fileURLToPath(new URL("deno.json", PROJECT));

/** The kinds that a process holds which was started as rbee is, and then became `args`. */
async function heldBy(...args: string[]): Promise<string[]> {
  const { out, err } = await runProgram({
    program: Deno.execPath(),
    args: [...DENO_RUN, "--config", CONFIG, HOLD, ...args],
  }, { limitMs: 30_000 });
  assert.deepEqual(err, []);
  return JSON.parse(out.join());
}

for (const [holder, kept] of Object.entries(KEPT_PERMISSIONS)) {
  Deno.test(`givePermissionsUp() leaves ${holder} ${kept.join(", ") || "nothing"}`, async () => {
    assert.deepEqual(await heldBy(holder), kept);
  });
}

Deno.test("givePermissionsUp() leaves what is asked for beside the table", async () => {
  assert.deepEqual(await heldBy("worker", "read", "write"), ["read", "write"]);
});

Deno.test("nobody who is ready keeps ffi or import, but who must see /proc", () => {
  const holders = Object.keys(KEPT_PERMISSIONS) as PermissionHolder[];
  const loads = holders.filter((holder) =>
    KEPT_PERMISSIONS[holder].some((kind) => kind === "ffi" || kind === "import")
  );
  assert.deepEqual(loads, ["keeper", "hive"]);
  for (const holder of loads) assert.equal(KEPT_PERMISSIONS[holder], PERMISSION_KINDS);
});

Deno.test("holderOfCommand() knows the commands that start nothing and ask nobody", () => {
  for (const command of ["completions", "config", "token"]) {
    assert.equal(holderOfCommand(command), "keeper_alone", command);
  }
  for (const command of ["run", "status", "serve", "job"]) {
    assert.equal(holderOfCommand(command), "keeper", command);
  }
});

Deno.test("deno task rbee starts the command line with the flags of every other start", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", PROJECT)));
  assert.equal(tasks.rbee.command, `deno run ${permissionFlags().join(" ")} main.ts`);
});

Deno.test("rbee without a permission says so in one sentence, and asks nobody", async () => {
  const without = (kind: string) => DENO_RUN.filter((flag) => flag !== `--allow-${kind}`);
  for (const kind of PERMISSION_KINDS) {
    const { exit, out, err } = await runProgram({
      program: Deno.execPath(),
      args: [...without(kind), "--config", CONFIG, MAIN, "--version"],
    }, { limitMs: 30_000 });
    assert.equal(exit.code, 1);
    assert.deepEqual(out, []);
    assert.equal(err.length, 1, err.join("\n"));
    assert.match(err[0]!, new RegExp(`^Error: rbee was started by Deno without .* ${kind}, `));
  }
});

Deno.test("no code comes from elsewhere into a process that was started as rbee is", async () => {
  const { exit, err } = await runProgram({
    program: Deno.execPath(),
    args: [...DENO_RUN, "data:text/javascript,await import('http://127.0.0.1:1/x.js')"],
  }, { limitMs: 30_000 });
  assert.equal(exit.code, 1);
  assert.match(err.join("\n"), /no-remote/);
});

Deno.test("a ready queen takes a process that is there for the one of its pid file, and signals none", async () => {
  const { out, err } = await runProgram({
    program: Deno.execPath(),
    args: [...DENO_RUN, "--config", CONFIG, BLIND],
  }, { limitMs: 30_000 });
  assert.deepEqual(err, []);
  assert.deepEqual(JSON.parse(out.join()), [true, false, "not_identified", true]);
});

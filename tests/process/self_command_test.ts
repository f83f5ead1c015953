import assert from "node:assert/strict";
import { roleEnvironment, selfCommand } from "../../src/process/self_command.ts";
import { printedEnvironment } from "../helpers/printed_environment.ts";

Deno.test("selfCommand() starts main.ts of this project with Deno when run from source", async () => {
  const { program, args } = selfCommand();
  assert.equal(program, Deno.execPath());
  assert.equal(args[0], "run");
  const main = args.at(-1);
  assert.equal(main, await Deno.realPath(new URL("../../main.ts", import.meta.url)));
});

Deno.test("selfCommand() does not depend on the folder that it is called in", () => {
  for (const arg of selfCommand().args) assert.ok(/^(-|\/|run$)/.test(arg), arg);
});

Deno.test("roleEnvironment() passes the environment on without its RBEE_ values", async () => {
  const { role } = await printedEnvironment({ RBEE_TOKEN: "secret", NOT_RBEE_TEST: "kept" });
  assert.equal(role["NOT_RBEE_TEST"], "kept");
  assert.equal(role["PATH"], Deno.env.get("PATH"));
  const own = Object.keys(role).filter((name) => name.startsWith("RBEE_"));
  assert.deepEqual(own, ["RBEE_NARRATION"]);
});

Deno.test("roleEnvironment() lets a role speak JSON unless it is told otherwise", () => {
  assert.equal(roleEnvironment()["RBEE_NARRATION"], "json");
  assert.equal(roleEnvironment({ RBEE_NARRATION: "text" })["RBEE_NARRATION"], "text");
});

Deno.test("roleEnvironment() adds what it is given", () => {
  const env = roleEnvironment({ RBEE_HOME: "/tmp/home", PATH: "/bin" });
  assert.equal(env["RBEE_HOME"], "/tmp/home");
  assert.equal(env["PATH"], "/bin");
});

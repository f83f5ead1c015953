import assert from "node:assert/strict";
import { argumentValue, processArguments } from "../../src/process/process_arguments.ts";

Deno.test("processArguments() gives a command line as it was given, spaces and empty words included", async () => {
  const child = new Deno.Command("sh", {
    args: ["-c", "echo ready; read _", "a name", "", "last"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  const [program, ...args] = processArguments(child.pid)!;
  assert.match(program!, /(^|\/)sh$/);
  assert.deepEqual(args, [
    "-c",
    "echo ready; read _",
    "a name",
    "",
    "last",
  ]);
  await child.stdin.close();
  await child.status;
  await reader.cancel();
  assert.equal(processArguments(child.pid), undefined);
});

Deno.test("argumentValue() reads a value after its name or after an equals sign", () => {
  assert.equal(argumentValue(["serve", "--role", "hive"], "--role"), "hive");
  assert.equal(argumentValue(["serve", "--role=hive", "--host=::1"], "--host"), "::1");
  assert.equal(argumentValue(["serve", "--roles=hive"], "--role"), undefined);
  assert.equal(argumentValue(["serve", "--role"], "--role"), undefined);
});

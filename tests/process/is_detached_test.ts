import assert from "node:assert/strict";
import { fixture, runCaptured, shell } from "../helpers/captured_child.ts";

const { program, args } = fixture("print_is_detached.ts");
const command = [program, ...args].map((word) => `'${word}'`).join(" ");

for (
  const [what, script, answer] of [
    ["the first process of a session without a terminal", `exec ${command}`, "true"],
    ["one that another process of its session started", `${command}; :`, "false"],
  ] as const
) {
  Deno.test(`isDetached() is ${answer} for ${what}`, async () => {
    const captured = await runCaptured(shell(script));
    assert.deepEqual(captured.logged(), [answer], captured.logged("stderr").join("\n"));
  });
}

Deno.test("isDetached() is false for the first process of a session with a terminal", async () => {
  // util-linux's script makes a terminal, and a session for it.
  const captured = await runCaptured({
    program: "script",
    args: ["--quiet", "--return", "--command", `exec ${command}`, "/dev/null"],
  });
  assert.deepEqual(captured.logged().map((line) => line.trim()), ["false"]);
});

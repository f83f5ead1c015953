import assert from "node:assert/strict";
import { fixture, runCaptured } from "../helpers/captured_child.ts";

/** What a process takes out of its environment twice, and what a child of it then sees. */
async function taken(value?: string): Promise<unknown> {
  const { RBEE_TOKEN: _, ...env } = Deno.env.toObject();
  const captured = await runCaptured({
    ...fixture("take_environment_token.ts"),
    env: { ...env, ...(value !== undefined && { RBEE_TOKEN: value }) },
  });
  const [line] = captured.logged();
  assert.ok(line, captured.logged("stderr").join("\n"));
  return JSON.parse(line);
}

Deno.test("the token of RBEE_TOKEN is taken once, and no child of the process has it", async () => {
  assert.deepEqual(await taken("honey\n"), { first: "honey", second: null, child: "none" });
});

Deno.test("an empty RBEE_TOKEN is none", async () => {
  for (const value of [undefined, "", "  "]) {
    assert.deepEqual(await taken(value), { first: null, second: null, child: "none" });
  }
});

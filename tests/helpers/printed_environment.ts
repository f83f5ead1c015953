import assert from "node:assert/strict";
import type { Paths } from "../../src/config/paths.ts";
import { fixture, runCaptured } from "./captured_child.ts";

/**
 * What a process reads from its environment when that is this one's without colour settings, and
 * `given`. In a process of its own, since test files that run in parallel share their environment.
 */
export async function printedEnvironment(
  given: Record<string, string>,
): Promise<{ paths: Paths; color: boolean; role: Record<string, string> }> {
  const { NO_COLOR: _no, FORCE_COLOR: _force, ...env } = Deno.env.toObject();
  const captured = await runCaptured({
    ...fixture("print_environment.ts"),
    env: { ...env, ...given },
  });
  const [line] = captured.logged();
  assert.ok(line, captured.logged("stderr").join("\n"));
  return JSON.parse(line);
}

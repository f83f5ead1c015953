import { fileURLToPath } from "node:url";

/** A program and its first arguments. */
export interface SelfCommand {
  program: string;
  args: string[];
}

/**
 * How to start this program again: the executable itself when it is compiled, Deno with main.ts when
 * it runs from source. What follows `args` are rbee's own arguments.
 */
export function selfCommand(): SelfCommand {
  const program = Deno.execPath();
  if (Deno.build.standalone) return { program, args: [] };
  const root = new URL("../../", import.meta.url);
  return {
    program,
    args: [
      "run",
      "--allow-all",
      "--no-prompt",
      "--quiet",
      "--config",
      fileURLToPath(new URL("deno.json", root)),
      fileURLToPath(new URL("main.ts", root)),
    ],
  };
}

/**
 * The environment of a role that this program starts: this process's own without its `RBEE_` values,
 * then what is given. It speaks JSON on its output unless `given` says otherwise.
 */
export function roleEnvironment(given: Record<string, string> = {}): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(Deno.env.toObject())) {
    if (!name.startsWith("RBEE_")) env[name] = value;
  }
  return { ...env, RBEE_NARRATION: "json", ...given };
}

import { fileURLToPath } from "node:url";
import { withoutCarriedTrace } from "../tracing/trace_environment.ts";
import { FORM } from "../version.ts";
import { permissionFlags } from "./permissions.ts";

/** A program and its first arguments. */
export interface SelfCommand {
  program: string;
  args: string[];
}

/** What Deno is told before the program's name. The head of the portable form says the same. */
export const DENO_RUN: readonly string[] = ["run", ...permissionFlags(), "--quiet"];

/**
 * How to start this program again: the executable itself when it is compiled, otherwise Deno with
 * main.ts, or with main.js where the portable form has unpacked itself. So it is of no matter whether
 * the portable file has been moved or deleted since.
 */
export function selfCommand(): SelfCommand {
  const program = Deno.execPath();
  if (FORM === "compiled") return { program, args: [] };
  // What is built lies in one folder.
  const [folder, main] = FORM === "source" ? ["../../", "main.ts"] : ["./", "main.js"];
  const file = (name: string) => fileURLToPath(new URL(folder + name, import.meta.url));
  return { program, args: [...DENO_RUN, "--config", file("deno.json"), file(main)] };
}

/**
 * The environment of a program that this one starts: this process's own without its `RBEE_` values and
 * without the trace that this process was started in, then what is given.
 */
export function inheritedEnvironment(given: Record<string, string> = {}): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(withoutCarriedTrace(Deno.env.toObject()))) {
    if (!name.startsWith("RBEE_")) env[name] = value;
  }
  return { ...env, ...given };
}

/**
 * The environment of a role that this program starts: {@linkcode inheritedEnvironment}, and it speaks
 * JSON on its output unless `given` says otherwise.
 */
export function roleEnvironment(given: Record<string, string> = {}): Record<string, string> {
  return inheritedEnvironment({ RBEE_NARRATION: "json", ...given });
}

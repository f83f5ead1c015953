import { permissionFlags } from "../src/process/permissions.ts";
import { runCommand } from "./build_command.ts";

/** Past this the base binary counts as not to be had: a firewall may let a download hang. */
const LIMIT_MS = 300_000;

/**
 * Makes an executable of the staged program with `deno compile`. Everything is embedded, and unpacked
 * by the executable itself when it is first started: llama.cpp's libraries and models must be real
 * files. Deno downloads the base binary for it, denort, unless it has it already or `DENORT_BIN`
 * names one. Where that is not to be had, nothing is made.
 *
 * @param options.env Added to the environment of `deno compile`.
 * @returns Undefined when it was made; otherwise why the base binary was not to be had.
 * @throws {Error} If it fails for another reason.
 */
export async function compileProgram(
  folder: string,
  output: string,
  options: { env?: Record<string, string> } = {},
): Promise<string | undefined> {
  const limit = AbortSignal.timeout(LIMIT_MS);
  const { success, stdout, stderr } = await runCommand([
    Deno.execPath(),
    "compile",
    "--self-extracting",
    ...permissionFlags(),
    "--no-check",
    "--config=deno.json",
    ...(await namesIn(folder)).filter((name) => name !== "main.js")
      .map((name) => `--include=${name}`),
    `--output=${output}`,
    "main.js",
  ], { ...options, cwd: folder, signal: limit });
  if (success) return undefined;
  if (limit.aborted) return `it did not arrive in ${LIMIT_MS / 60_000} minutes`;
  if (!stderr.includes("Setting up base binary")) {
    throw new Error(`deno compile failed:\n${stdout}${stderr}`);
  }
  // Deno lists causes by number, the deepest last, and then the stack in the same manner.
  const causes = [...stderr.matchAll(/^ *\d+: (.+)$/gm)].map(([, cause]) => cause!);
  return causes.findLast((cause) => cause !== "<unknown>") ?? "no reason is given";
}

async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) names.push(name);
  return names.sort();
}

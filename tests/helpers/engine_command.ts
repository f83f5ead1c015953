import { fileURLToPath } from "node:url";

/**
 * How to run the fixture engine, as it stands in rbee.yaml under `engines.NAME.command`: the program
 * and its arguments, with `{model}` and `{port}` for what the hive puts in.
 */
export function engineCommand(...flags: string[]): string[] {
  return [
    Deno.execPath(),
    "run",
    "--allow-all",
    "--no-prompt",
    "--quiet",
    "--no-check",
    "--no-lock",
    "--no-config",
    fileURLToPath(new URL("../fixtures/engine.ts", import.meta.url)),
    "--model",
    "{model}",
    "--port",
    "{port}",
    ...flags,
  ];
}

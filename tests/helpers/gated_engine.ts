import assert from "node:assert/strict";
import { fixtureEngine } from "./supervised_home.ts";
import type { TemporaryFolder } from "./temporary_folder.ts";

/** An engine that has loaded 40 % of its model, and goes on when its test lets it. */
export interface GatedEngine {
  /** As it stands in rbee.yaml under `engines.NAME`. */
  engine: { command: string[]; narration: boolean };
  open(): Promise<void>;
}

/** Makes one whose gate is in `folder`; it is the fixture engine with these flags afterwards. */
export async function gatedEngine(
  folder: TemporaryFolder,
  ...flags: string[]
): Promise<GatedEngine> {
  const gate = folder.join("gate");
  const { success } = await new Deno.Command("mkfifo", { args: [gate] }).output();
  assert.ok(success);
  const record = {
    rbee: "narration",
    at: "AT",
    actor: "worker",
    action: "model_load",
    human: "Loading the model, 40 %",
    level: "info",
    progress: { current: 40, total: 100, unit: "percent" },
  };
  const script = 'line=$1; gate=$2; shift 2; echo "$line" | sed "s/AT/$(date -u +%FT%T.%3NZ)/"; ' +
    'read go < "$gate"; exec "$@"';
  const { command } = fixtureEngine(...flags);
  return {
    engine: {
      command: ["/bin/sh", "-c", script, "sh", JSON.stringify(record), gate, ...command],
      narration: true,
    },
    open: () => Deno.writeTextFile(gate, "go\n"),
  };
}

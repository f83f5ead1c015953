import type { Command } from "commander";
import { toRbeeError } from "../../base/rbee_error.ts";
import { numberFlag, type RunCommand, withOutputFlags } from "../command_context.ts";
import { ALL_CHECKS } from "../doctor/all_checks.ts";
import type { Finding } from "../doctor/finding.ts";
import { runChecks } from "../doctor/run_checks.ts";
import { EXIT } from "../exit_status.ts";
import { readSettings, type SettingsFlags } from "../settings.ts";
import { formatTable } from "../table.ts";

/** Adds `rbee doctor`: what is wrong with this machine, and what to type about it. */
export function addDoctorCommand(program: Command, run: RunCommand): void {
  const command = program.command("doctor")
    .description(
      "say what is wrong with this machine, and what to type next; exits 1 if anything is",
    )
    .addHelpText("after", "\nExample:\n  rbee doctor --json");
  withOutputFlags(command)
    // What is set for rbee up in the environment is looked at.
    .addOption(numberFlag("--queen-port <n>", "the queen's port").hideHelp())
    .addOption(numberFlag("--hive-port <n>", "the hive's port").hideHelp());
  command.action((flags: SettingsFlags) =>
    run({ ...flags, ignoreConfig: true }, [], async (context, _args, { json }) => {
      const { renderer, signal, settings: defaults } = context;
      // A broken rbee.yaml is a finding; the rest is looked at with the defaults.
      const settings = await readSettings(flags).catch((error: unknown) => {
        if (toRbeeError(error).code !== "bad_config") throw error;
        return defaults;
      });
      const checks = await runChecks(ALL_CHECKS, { settings, signal });
      if (json) renderer.result({ checks });
      else renderer.lines(findingLines(checks));
      return checks.some(({ status }) => status === "failed") ? EXIT.failed : EXIT.ok;
    })
  );
}

/** A line for each finding. */
export function findingLines(findings: readonly Finding[]): string[] {
  return formatTable(
    ["STATUS", "CHECK", "RESULT"],
    findings.map(({ status, name, message, next }) => [
      status,
      name,
      next === undefined ? message : `${message}; next: ${next}`,
    ]),
  );
}

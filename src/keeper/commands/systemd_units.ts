import { type Command, Option } from "commander";
import { flag, type RunCommand, withOutputFlags } from "../command_context.ts";
import type { DaemonRole } from "../daemon.ts";
import { EXIT } from "../exit_status.ts";
import { installUnit, uninstallUnit } from "../systemd/install_unit.ts";
import { unitName } from "../systemd/unit_file.ts";

interface ServiceFlags {
  role?: DaemonRole;
  user?: boolean;
  root?: string;
  as?: string;
}

const ROLES: readonly DaemonRole[] = ["queen", "hive"];

/** Adds `rbee service install|uninstall`: queen and hive as units of systemd. */
export function addServiceCommand(program: Command, run: RunCommand): void {
  const service = program.command("service")
    .description("have systemd run the queen and the hive of this machine")
    .addHelpText("after", "\nExample:\n  rbee service install --user");
  addInstall(service, run);
  addUninstall(service, run);
}

function addInstall(service: Command, run: RunCommand): void {
  const command = service.command("install")
    .description("write, enable and start their units; again after a change of rbee's place")
    .addOption(
      flag("--as <user>", "who a unit of the system runs as (default: who called sudo)")
        .conflicts("user"),
    )
    .addHelpText(
      "after",
      "\nExample:\n  rbee service install --user --role hive\n  sudo rbee service install",
    );
  withScopeFlags(command);
  command.action((flags: ServiceFlags) =>
    run({ ...flags, ignoreConfig: true }, [], async ({ renderer }, _args, { json }) => {
      const units = [];
      for (const role of rolesOf(flags)) units.push(await installUnit(optionsOf(role, flags)));
      const sentences = units.map(({ role, unit, path, changed, running }) => {
        const state = running ? "runs" : "is enabled";
        return `The ${role} ${state} as ${unit}: ${path}${changed ? "" : " (as it was)"}`;
      });
      const names = units.map(({ unit }) => unit);
      if (json) renderer.result({ units });
      else renderer.lines([...sentences, ...nextCommands(names, flags)]);
      return EXIT.ok;
    })
  );
}

function addUninstall(service: Command, run: RunCommand): void {
  const command = service.command("uninstall")
    .description("stop, disable and remove their units; models, jobs and settings stay")
    .addHelpText("after", "\nExample:\n  rbee service uninstall --user");
  withScopeFlags(command);
  command.action((flags: ServiceFlags) =>
    run({ ...flags, ignoreConfig: true }, [], async ({ renderer }) => {
      const removed: string[] = [];
      for (const role of rolesOf(flags)) {
        if (await uninstallUnit(optionsOf(role, flags))) removed.push(unitName(role));
      }
      renderer.summary(
        { removed },
        removed.length === 0 ? "No unit was installed" : `Removed ${removed.join(" and ")}`,
      );
      return EXIT.ok;
    })
  );
}

function withScopeFlags(command: Command): void {
  withOutputFlags(command)
    .addOption(
      new Option("--role <role>", "one of both (default: both)").choices(ROLES).env("RBEE_ROLE"),
    )
    .addOption(flag("--user", "under your own systemd, as you, in place of the machine's"))
    .addOption(
      flag("--root <folder>", "in a system that does not run, such as an image, in this folder")
        .conflicts("user"),
    );
}

function rolesOf({ role }: ServiceFlags): readonly DaemonRole[] {
  return role === undefined ? ROLES : [role];
}

function optionsOf(role: DaemonRole, { user = false, root, as }: ServiceFlags) {
  return { role, user, root, as };
}

/** What is usually typed next. */
function nextCommands(units: readonly string[], { user, root }: ServiceFlags): string[] {
  if (root !== undefined) return [];
  const which = user ? " --user" : "";
  return [
    `See what they say: journalctl${which} ${units.map((unit) => `-u ${unit}`).join(" ")} -f`,
    `Have them take up another unit: systemctl${which} restart ${units.join(" ")}`,
    ...user ? ["Have them run while you are logged out: sudo loginctl enable-linger $USER"] : [],
  ];
}

import type { Command } from "commander";
import { RbeeError } from "../../base/rbee_error.ts";
import { runRemoteScript } from "../../ssh/remote_command.ts";
import { remotePath } from "../../ssh/remote_path.ts";
import { narrate } from "../../narration/narrate.ts";
import { type CommandContext, flag, type RunCommand, withOutputFlags } from "../command_context.ts";
import { EXIT } from "../exit_status.ts";
import { installProgram } from "../install_program.ts";
import { programToInstall } from "../own_program.ts";
import { connectQueen, startThere } from "../remote_daemon.ts";
import { addressOf, rbeeOf, type RemoteFlags, runThere } from "../remote_hive.ts";
import { addAddress, hostKeyFlag } from "./hive_add.ts";

interface InstallFlags extends RemoteFlags {
  path?: string;
  program?: string;
}

interface UninstallFlags extends RemoteFlags {
  purge?: boolean;
}

// The folders of `config/paths.ts`, as they are where rbee is to go.
const REMOVE = [
  "home=${RBEE_HOME:-}; config=${home:+$home/config}; state=${home:+$home/state}",
  "data=${home:+$home/data}; cache=${home:+$home/cache}",
  ': "${config:=${XDG_CONFIG_HOME:-$HOME/.config}/rbee}" "${state:=${XDG_STATE_HOME:-$HOME/.local/state}/rbee}"',
  ': "${data:=${XDG_DATA_HOME:-$HOME/.local/share}/rbee}" "${cache:=${XDG_CACHE_HOME:-$HOME/.cache}/rbee}"',
  'rm -rf "$1" "$cache"',
  'if [ "$2" = purge ]; then rm -rf "$config" "$state" "$data"; fi',
].join("; ");

/** Adds `rbee hive install|uninstall|upgrade`. */
export function addHiveInstallCommands(hive: Command, run: RunCommand): void {
  addInstall(hive, run);
  addUninstall(hive, run);
  addUpgrade(hive, run);
}

function addInstall(hive: Command, run: RunCommand): void {
  const command = hive.command("install")
    .argument("<name>", "which hive")
    .description("copy rbee to the machine of a hive, over ssh; the same again copies nothing")
    .addOption(flag("--path <path>", "where to put it there (default: ~/.local/bin/rbee)"))
    .addHelpText("after", "\nExample:\n  rbee hive install gpu");
  withProgramFlags(withOutputFlags(command));
  command.action((name: string, flags: InstallFlags) =>
    run(flags, [name], async (context) => {
      await install(name, flags, context);
      return EXIT.ok;
    })
  );
}

function addUninstall(hive: Command, run: RunCommand): void {
  const command = hive.command("uninstall")
    .argument("<name>", "which hive")
    .description("stop a hive and remove rbee from its machine")
    .addOption(flag("--purge", "remove its configuration, logs, journal and models too"))
    .addOption(hostKeyFlag())
    .addHelpText("after", "\nExample:\n  rbee hive uninstall gpu --purge");
  withOutputFlags(command);
  command.action((name: string, flags: UninstallFlags) =>
    run(flags, [name], async ({ settings, renderer, signal }) => {
      const rbee = await rbeeOf(settings.paths, name, flags);
      const ran = await runThere(rbee, ["hive", "stop"], { signal }).then(() => true, notInstalled);
      const { code, stderr } = await runRemoteScript(rbee.host, REMOVE, {
        args: [remotePath(rbee.path), flags.purge ? "purge" : "keep"],
        signal,
      });
      if (code !== 0) {
        const why = stderr.trim().split("\n").at(-1);
        throw new RbeeError("uninstall_failed", `Cannot remove rbee from hive "${name}": ${why}`);
      }
      const data = flags.purge ? " and all that it kept" : "; what it kept is still there";
      renderer.summary(
        { uninstalled: ran, purged: flags.purge ?? false },
        `Removed ${rbee.path} from the machine of hive ${name}${data}`,
      );
      return EXIT.ok;
    })
  );
}

function addUpgrade(hive: Command, run: RunCommand): void {
  const command = hive.command("upgrade")
    .argument("<name>", "which hive")
    .description("stop a hive, install this rbee on its machine, and start it again")
    .addHelpText("after", "\nExample:\n  rbee hive upgrade gpu");
  withProgramFlags(withOutputFlags(command));
  command.action((name: string, flags: InstallFlags) =>
    run(flags, [name], async (context) => {
      const { settings, signal, renderer } = context;
      const rbee = await rbeeOf(settings.paths, name, flags);
      await runThere(rbee, ["hive", "stop"], { signal }).catch(notInstalled);
      await install(name, flags, context, { quiet: true });
      const { url, version } = await startThere(name, context, { ...flags, verb: "start" });
      await connectQueen(name, settings, { signal });
      renderer.summary({ name, version, url }, `Hive ${name} has version ${version} and runs`);
      return EXIT.ok;
    })
  );
}

async function install(
  name: string,
  flags: InstallFlags,
  context: CommandContext,
  options: { quiet?: boolean } = {},
): Promise<void> {
  const { settings, renderer, signal } = context;
  const program = await programToInstall(flags.program);
  const known = await rbeeOf(settings.paths, name, flags);
  const rbee = flags.path === undefined ? known : { ...known, path: flags.path };
  const done = await installProgram(rbee, program, { signal });
  if (rbee.path !== known.path) {
    const address = await addressOf(settings.paths, name);
    await addAddress(name, { ...address, path: rbee.path }, context, { replace: true });
  }
  if (options.quiet) return;
  renderer.summary(
    { name, ...done },
    `Hive ${name} has rbee ${done.version}; start it with rbee hive start ${name}`,
  );
}

/** What is not there cannot be stopped, and need not be. @throws {unknown} Anything else. */
function notInstalled(error: unknown): false {
  if (!(error instanceof RbeeError) || error.code !== "rbee_not_installed") throw error;
  narrate("hive_stop", "No rbee is installed there");
  return false;
}

function withProgramFlags(command: Command): Command {
  return command
    .addOption(flag("--program <file>", "the executable to copy (default: this one)"))
    .addOption(hostKeyFlag());
}

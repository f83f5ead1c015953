import type { Command } from "commander";
import { RbeeError } from "../../base/rbee_error.ts";
import { runRemoteScript } from "../../ssh/remote_command.ts";
import { remotePath } from "../../ssh/remote_path.ts";
import { type CommandContext, flag, type RunCommand, withOutputFlags } from "../command_context.ts";
import { EXIT } from "../exit_status.ts";
import { installProgram, sweepPrograms } from "../install_program.ts";
import { programToInstall } from "../own_program.ts";
import { connectQueen, startThere } from "../remote_daemon.ts";
import { addressOf, rbeeOf, type RemoteFlags } from "../remote_hive.ts";
import { stopThere } from "../stop_there.ts";
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
  'if [ -d "$1" ]; then exit 3; fi',
  'rm -f "$1"; rm -rf "$cache"',
  'if [ "$2" = purge ]; then rm -rf "$config" "$state" "$data"; fi',
].join("; ");

const IS_FOLDER = 3;

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
      await stopThere(rbee, { signal });
      const { code, stderr } = await runRemoteScript(rbee.host, REMOVE, {
        args: [remotePath(rbee.path), flags.purge ? "purge" : "keep"],
        signal,
      });
      if (code === IS_FOLDER) {
        throw new RbeeError(
          "uninstall_failed",
          `${rbee.path} is a folder on the machine of hive "${name}", not rbee; nothing was removed`,
        );
      }
      if (code !== 0) {
        const why = stderr.trim().split("\n").at(-1);
        throw new RbeeError("uninstall_failed", `Cannot remove rbee from hive "${name}": ${why}`);
      }
      const data = flags.purge ? " and all that it kept" : "; what it kept is still there";
      renderer.summary(
        { uninstalled: true, purged: flags.purge ?? false },
        `Removed ${rbee.path} from the machine of hive ${name}${data}`,
      );
      return EXIT.ok;
    })
  );
}

function addUpgrade(hive: Command, run: RunCommand): void {
  const command = hive.command("upgrade")
    .argument("<name>", "which hive")
    .description("install this rbee on the machine of a hive, and restart the hive with it")
    .addHelpText("after", "\nExample:\n  rbee hive upgrade gpu");
  withProgramFlags(withOutputFlags(command));
  command.action((name: string, flags: InstallFlags) =>
    run(flags, [name], async (context) => {
      const { settings, signal, renderer } = context;
      // It goes on until what replaces it is there and runs: what runs has unpacked itself.
      await install(name, flags, context, { quiet: true });
      const { url, version } = await startThere(name, context, { ...flags, verb: "restart" });
      await sweepPrograms(await rbeeOf(settings.paths, name, flags), { signal });
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

function withProgramFlags(command: Command): Command {
  return command
    .addOption(flag("--program <file>", "the executable to copy (default: this one)"))
    .addOption(hostKeyFlag());
}

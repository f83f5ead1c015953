import type { Command } from "commander";
import { LOCAL_HIVE } from "../../contracts/hive.ts";
import { type CommandContext, type RunCommand, withOutputFlags } from "../command_context.ts";
import type { RemoteFlags } from "../remote_hive.ts";
import type { LogFlags } from "../show_log.ts";
import { readTokenLine } from "../token_line.ts";
import {
  logsHere,
  restartHere,
  type Serve,
  serveHere,
  type StartFlags,
  startHere,
  stopHere,
  tokenFlag,
  withAddressFlags,
  withForegroundFlag,
  withLogFlags,
} from "./daemon_commands.ts";

import { hostKeyFlag } from "./hive_add.ts";
import { remoteHiveLogs, startRemoteHive, stopRemoteHive } from "./hive_remote.ts";

/** The flags of starting a hive. */
export interface HiveStartFlags extends StartFlags {
  /** Reads what its requests must show from standard input. */
  tokenStdin?: boolean;
}

/** Adds `rbee hive start|stop|restart|logs`. */
export function addHiveDaemonCommands(hive: Command, run: RunCommand, serve: Serve): void {
  addStart(hive, run, serve);
  addStop(hive, run);
  addRestart(hive, run);
  addLogs(hive, run);
}

/** Starts this machine's hive, as {@linkcode startHere}. */
async function startLocalHive(
  context: CommandContext,
  flags: HiveStartFlags,
): Promise<number> {
  return await startHere("hive", context, { ...flags, token: await readToken(context, flags) });
}

/** Stops this machine's hive with its workers, as {@linkcode stopHere}. */
function stopLocalHive(context: CommandContext): Promise<number> {
  return stopHere("hive", context);
}

/** Restarts this machine's hive, as {@linkcode restartHere}. */
async function restartLocalHive(
  context: CommandContext,
  flags: HiveStartFlags,
): Promise<number> {
  return await restartHere("hive", context, { ...flags, token: await readToken(context, flags) });
}

/** Shows the log of this machine's hive, as {@linkcode logsHere}. */
function localHiveLogs(context: CommandContext, flags: LogFlags): Promise<number> {
  return logsHere("hive", context, flags);
}

/** Does what is asked of a hive: here when it is this machine's, there when it is another. */
function onHive<T>(name: string, local: () => Promise<T>, remote: () => Promise<T>): Promise<T> {
  return name === LOCAL_HIVE ? local() : remote();
}

function addStart(hive: Command, run: RunCommand, serve: Serve): void {
  const command = named(hive.command("start"))
    .description("start a hive in the background; returns when it is ready")
    .addHelpText("after", "\nExample:\n  rbee hive start");
  withForegroundFlag(withAddressFlags(withOutputFlags(command), { role: "hive" }))
    .addOption(tokenFlag()).addOption(hostKeyFlag());
  command.action((name: string, flags: HiveStartFlags & RemoteFlags) =>
    flags.foreground && name === LOCAL_HIVE
      ? serveHere("hive", serve, flags)
      : run(flags, [name], (context) =>
        onHive(
          name,
          () => startLocalHive(context, flags),
          () => startRemoteHive(name, context, flags, "start"),
        ))
  );
}

function addStop(hive: Command, run: RunCommand): void {
  const command = named(hive.command("stop"))
    .description("stop a hive and its workers")
    .addHelpText("after", "\nExample:\n  rbee hive stop");
  withOutputFlags(command).addOption(hostKeyFlag());
  command.action((name: string, flags: RemoteFlags) =>
    // What runs must be stoppable with a broken rbee.yaml, too.
    run(
      { ...flags, ignoreConfig: true },
      [name],
      (context) =>
        onHive(name, () => stopLocalHive(context), () => stopRemoteHive(name, context, flags)),
    )
  );
}

function addRestart(hive: Command, run: RunCommand): void {
  const command = named(hive.command("restart"))
    .description("stop a hive and its workers if it runs, and start it")
    .addHelpText("after", "\nExample:\n  rbee hive restart");
  withAddressFlags(withOutputFlags(command), { role: "hive", otherwise: "as before" })
    .addOption(tokenFlag()).addOption(hostKeyFlag());
  command.action((name: string, flags: HiveStartFlags & RemoteFlags) =>
    run(flags, [name], (context) =>
      onHive(
        name,
        () => restartLocalHive(context, flags),
        () => startRemoteHive(name, context, flags, "restart"),
      ))
  );
}

function addLogs(hive: Command, run: RunCommand): void {
  const command = named(hive.command("logs"))
    .description("show the last lines of a hive's log, as they stand in the file")
    .addHelpText("after", "\nExample:\n  rbee hive logs -n 20 -f");
  withLogFlags(command).addOption(hostKeyFlag());
  command.action((name: string, flags: LogFlags & RemoteFlags) =>
    run(
      { ignoreConfig: true },
      [name],
      (context) =>
        onHive(
          name,
          () => localHiveLogs(context, flags),
          () => remoteHiveLogs(name, context, flags),
        ),
    )
  );
}

function named(command: Command): Command {
  return command.argument("[name]", "which hive (default: this machine's)", LOCAL_HIVE);
}

function readToken(
  { signal }: CommandContext,
  { tokenStdin }: HiveStartFlags,
): Promise<string | undefined> {
  return tokenStdin ? readTokenLine(Deno.stdin, { signal }) : Promise.resolve(undefined);
}

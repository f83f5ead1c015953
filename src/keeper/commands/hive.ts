import type { Command } from "commander";
import { type HiveInfo, hiveListSchema } from "../../contracts/hive.ts";
import { requestJson } from "../../http/api_client.ts";
import { type RunCommand, withOutputFlags, withQueenFlag } from "../command_context.ts";
import { EXIT } from "../exit_status.ts";
import { requireQueen } from "../queen_address.ts";
import { formatTable } from "../table.ts";
import type { Serve } from "./daemon_commands.ts";
import { addHiveDaemonCommands } from "./hive_daemon.ts";
import { addHiveAddCommands } from "./hive_add.ts";
import { addHiveInstallCommands } from "./hive_install.ts";
import { addHiveStatusCommand } from "./hive_status.ts";

/** Adds `rbee hive` and what is below it. */
export function addHiveCommand(program: Command, run: RunCommand, serve: Serve): void {
  const hive = program.command("hive").description(
    "add, install, start, stop and watch hives, here and on other machines",
  )
    .addHelpText("after", "\nExample:\n  rbee hive status");
  addList(hive, run);
  addHiveStatusCommand(hive, run);
  addHiveDaemonCommands(hive, run, serve);
  addHiveAddCommands(hive, run);
  addHiveInstallCommands(hive, run);
}

function addList(hive: Command, run: RunCommand): void {
  const command = hive.command("list")
    .description("list the hives that the queen knows, and why one is not connected")
    .addHelpText("after", "\nExample:\n  rbee hive list --json");
  withQueenFlag(withOutputFlags(command));
  command.action((flags: Record<string, never>) =>
    run(flags, [], async ({ settings, renderer }, _args, { json }) => {
      const { url } = await requireQueen(settings);
      const answer = await requestJson(`${url}/v1/hives`, { schema: hiveListSchema });
      if (json) renderer.result(answer);
      else renderer.lines(hiveLines(answer.hives));
      return EXIT.ok;
    })
  );
}

function hiveLines(hives: readonly HiveInfo[]): string[] {
  if (hives.length === 0) return ["No hives; start this machine's with rbee up"];
  return formatTable(
    ["HIVE", "STATE", "VERSION", "WORKERS", "URL"],
    hives.map((hive) => [
      hive.name,
      hive.state,
      hive.version ?? "",
      String(hive.workers),
      hive.error ?? hive.url ?? "",
    ]),
  );
}

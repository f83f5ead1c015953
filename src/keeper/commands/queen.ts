import type { Command } from "commander";
import { RbeeError } from "../../base/rbee_error.ts";
import { type RunCommand, withOutputFlags } from "../command_context.ts";
import { findDaemon } from "../daemon.ts";
import { EXIT } from "../exit_status.ts";
import type { LogFlags } from "../show_log.ts";
import {
  logsHere,
  restartHere,
  type Serve,
  serveHere,
  type StartFlags,
  startHere,
  stopHere,
  withAddressFlags,
  withForegroundFlag,
  withLogFlags,
} from "./daemon_commands.ts";

/** Adds `rbee queen start|stop|restart|status|logs`. */
export function addQueenCommand(program: Command, run: RunCommand, serve: Serve): void {
  const queen = program.command("queen")
    .description("start, stop and watch the queen of this machine")
    .addHelpText("after", "\nExample:\n  rbee queen start");
  addStart(queen, run, serve);
  addStop(queen, run);
  addRestart(queen, run);
  addStatus(queen, run);
  addLogs(queen, run);
}

function addStart(queen: Command, run: RunCommand, serve: Serve): void {
  const command = queen.command("start")
    .description("start the queen in the background; returns when she is ready")
    .addHelpText("after", "\nExample:\n  rbee queen start --port 7900");
  withForegroundFlag(withAddressFlags(withOutputFlags(command), { role: "queen" }));
  command.action((flags: StartFlags) =>
    flags.foreground
      ? serveHere("queen", serve, flags)
      : run(flags, [], (context) => startHere("queen", context, flags))
  );
}

function addStop(queen: Command, run: RunCommand): void {
  const command = queen.command("stop")
    .description("stop the queen; jobs that run have 10 s to end")
    .addHelpText("after", "\nExample:\n  rbee queen stop");
  withOutputFlags(command);
  command.action((flags: Record<string, never>) =>
    // What runs must be stoppable with a broken rbee.yaml, too.
    run({ ...flags, ignoreConfig: true }, [], (context) => stopHere("queen", context))
  );
}

function addRestart(queen: Command, run: RunCommand): void {
  const command = queen.command("restart")
    .description("stop the queen if she runs, and start her")
    .addHelpText("after", "\nExample:\n  rbee queen restart");
  withAddressFlags(withOutputFlags(command), { role: "queen", otherwise: "as before" });
  command.action((flags: StartFlags) =>
    run(flags, [], (context) => restartHere("queen", context, flags))
  );
}

function addStatus(queen: Command, run: RunCommand): void {
  const command = queen.command("status")
    .description("show where the queen of this machine runs; exits 3 when she does not")
    .addHelpText("after", "\nExample:\n  rbee queen status --json");
  withOutputFlags(command);
  command.action((flags: Record<string, never>) =>
    run({ ...flags, ignoreConfig: true }, [], async ({ settings, renderer }, _args, { json }) => {
      const daemon = await findDaemon("queen", settings.paths);
      if (daemon === undefined) {
        throw new RbeeError(
          "not_running",
          "No queen runs on this machine; start one with rbee queen start",
        );
      }
      const { url, pid, health } = daemon;
      if (json) renderer.result({ url, pid, ...health });
      else {
        renderer.lines([
          `The queen runs at ${url} (process ${pid}), version ${health.version}, ${health.status}`,
        ]);
      }
      return EXIT.ok;
    })
  );
}

function addLogs(queen: Command, run: RunCommand): void {
  const command = queen.command("logs")
    .description("show the last lines of the queen's log, as they stand in the file")
    .addHelpText("after", "\nExample:\n  rbee queen logs -n 20 -f");
  withLogFlags(command);
  command.action((flags: LogFlags) =>
    run({ ignoreConfig: true }, [], (context) => logsHere("queen", context, flags))
  );
}

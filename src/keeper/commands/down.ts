import type { Command } from "commander";
import { type RunCommand, withOutputFlags } from "../command_context.ts";
import { EXIT } from "../exit_status.ts";
import { stopDaemon } from "../stop_daemon.ts";

/** Adds `rbee down`: stop the queen, the hive and its workers. */
export function addDownCommand(program: Command, run: RunCommand): void {
  const command = program.command("down")
    .description("stop the queen, the hive and the workers of this machine")
    .addHelpText("after", "\nExample:\n  rbee down");
  withOutputFlags(command);
  command.action((flags: Record<string, never>) =>
    run(flags, [], async ({ settings, renderer }) => {
      // The queen first: she lets her jobs end while their workers are still there.
      const queen = await stopDaemon("queen", settings.paths);
      const hive = await stopDaemon("hive", settings.paths);
      renderer.summary(
        { queen, hive },
        queen || hive
          ? "Down: everything of this home has stopped"
          : "Nothing of this home was running",
      );
      return EXIT.ok;
    })
  );
}

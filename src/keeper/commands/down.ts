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
    // What runs must be stoppable with a broken rbee.yaml, too.
    run({ ...flags, ignoreConfig: true }, [], async ({ settings, renderer, signal }) => {
      // The queen first: she lets her jobs end while their workers are still there.
      const queen = await stopDaemon("queen", settings.paths, { signal });
      const hive = await stopDaemon("hive", settings.paths, { signal });
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

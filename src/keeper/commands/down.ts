import type { Command } from "commander";
import { stopAllThere } from "../all_remote_hives.ts";
import { flag, type RunCommand, withOutputFlags } from "../command_context.ts";
import { EXIT } from "../exit_status.ts";
import { stopDaemon } from "../stop_daemon.ts";

/** Adds `rbee down`: stop the queen, the hive and its workers, and with `--all` those elsewhere. */
export function addDownCommand(program: Command, run: RunCommand): void {
  const command = program.command("down")
    .description("stop the queen, the hive and the workers of this machine")
    .addOption(flag("--all", "stop the hives of other machines too"))
    .addHelpText("after", "\nExample:\n  rbee down");
  withOutputFlags(command);
  command.action((flags: { all?: boolean }) =>
    // What runs must be stoppable with a broken rbee.yaml, too.
    run({ ...flags, ignoreConfig: true }, [], async ({ settings, renderer, signal }) => {
      // The queen first: she lets her jobs end while their workers are still there.
      const queen = await stopDaemon("queen", settings.paths, { signal });
      const hive = await stopDaemon("hive", settings.paths, { signal });
      const { stopped, failed } = flags.all
        ? await stopAllThere({ settings, signal, renderer })
        : { stopped: [], failed: [] };
      const there = stopped.map((name) => `, hive ${name} too`).join("");
      renderer.summary(
        {
          queen,
          hive,
          ...(flags.all && {
            hives: stopped,
            failed: Object.fromEntries(failed.map((each) => [each.name, each.message])),
          }),
        },
        (queen || hive
          ? "Down: everything of this home has stopped"
          : "Nothing of this home was running") + there,
      );
      return failed.length === 0 ? EXIT.ok : EXIT.failed;
    })
  );
}

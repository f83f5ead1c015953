import type { Command } from "commander";
import { type RunCommand, withOutputFlags, withPortFlags } from "../command_context.ts";
import { findDaemon, startDaemon } from "../daemon.ts";
import { EXIT } from "../exit_status.ts";
import { narrate } from "../../narration/narrate.ts";

/** Adds `rbee up`: start the queen and the hive of this home. */
export function addUpCommand(program: Command, run: RunCommand): void {
  const command = program.command("up")
    .description("start the queen and the hive of this machine")
    .addHelpText("after", "\nExample:\n  rbee up && rbee status");
  withPortFlags(withOutputFlags(command));
  command.action((flags: Record<string, never>) =>
    run(flags, [], async ({ settings, renderer, signal }) => {
      const { paths } = settings;
      const urls: Record<string, string> = {};
      for (const role of ["queen", "hive"] as const) {
        const running = await findDaemon(role, paths);
        if (running !== undefined) {
          narrate(`${role}_ready`, `The ${role} is already running at ${running.url}`);
        }
        const daemon = running ?? await startDaemon(role, { paths, ...settings[role], signal });
        urls[role] = daemon.url;
      }
      renderer.summary(urls, `Up: queen ${urls["queen"]}, hive ${urls["hive"]}`);
      return EXIT.ok;
    })
  );
}

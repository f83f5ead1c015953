import type { Command } from "commander";
import { type RunCommand, withOutputFlags, withPortFlags } from "../command_context.ts";
import { findDaemon, startDaemon } from "../daemon.ts";
import { EXIT } from "../exit_status.ts";
import { startAllThere } from "../all_remote_hives.ts";
import { narrate } from "../../narration/narrate.ts";

/** Adds `rbee up`: start the queen and the hive of this home, and every hive that was added by ssh. */
export function addUpCommand(program: Command, run: RunCommand): void {
  const command = program.command("up")
    .description("start the queen, the hive of this machine, and every hive that was added")
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
      const { started, failed } = await startAllThere({ settings, signal, renderer });
      const hives = Object.fromEntries(started.map(({ name, url }) => [name, url]));
      const names = started.map(({ name }) => `, hive ${name}`).join("");
      renderer.summary(
        {
          ...urls,
          ...(started.length + failed.length > 0 && {
            hives,
            failed: Object.fromEntries(failed.map((each) => [each.name, each.message])),
          }),
        },
        `Up: queen ${urls["queen"]}, hive ${urls["hive"]}${names}`,
        `Page: ${urls["queen"]}/`,
      );
      return failed.length === 0 ? EXIT.ok : EXIT.failed;
    })
  );
}

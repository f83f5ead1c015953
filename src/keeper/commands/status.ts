import type { Command } from "commander";
import { hiveListSchema } from "../../contracts/hive.ts";
import { workerListSchema } from "../../contracts/worker.ts";
import { requestJson } from "../../http/api_client.ts";
import { requestHealth } from "../../http/health_client.ts";
import { type RunCommand, withOutputFlags, withQueenFlag } from "../command_context.ts";
import { EXIT } from "../exit_status.ts";
import { findQueen } from "../queen_address.ts";
import { formatTable } from "../table.ts";
import { workerLines } from "./worker.ts";

/** Adds `rbee status`: what runs where. */
export function addStatusCommand(program: Command, run: RunCommand): void {
  const command = program.command("status")
    .description(
      "show the queen, her hives and their workers; exits 3 when the queen or a hive does not answer",
    )
    .addHelpText("after", "\nExample:\n  rbee status --json");
  withQueenFlag(withOutputFlags(command));
  command.action((flags: Record<string, never>) =>
    run(flags, [], async ({ settings, renderer }, _args, { json }) => {
      const queen = await findQueen(settings);
      if (queen === undefined) {
        if (json) renderer.result({ queen: null, hives: [], workers: [] });
        else renderer.lines(["No queen is running; start one with rbee up"]);
        return EXIT.unreachable;
      }
      const [health, { hives }, { workers }] = await Promise.all([
        requestHealth(queen.url),
        requestJson(`${queen.url}/v1/hives`, { schema: hiveListSchema }),
        requestJson(`${queen.url}/v1/workers`, { schema: workerListSchema }),
      ]);
      const lost = hives.some(({ state }) => state === "unreachable");
      const status = lost ? EXIT.unreachable : EXIT.ok;
      if (json) {
        renderer.result({ queen: { url: queen.publicUrl, ...health }, hives, workers });
        return status;
      }
      renderer.lines([
        ...formatTable(["ROLE", "NAME", "STATE", "VERSION", "URL"], [
          ["queen", "", health.status, health.version, queen.publicUrl],
          ...hives.map((hive) => [
            "hive",
            hive.name,
            hive.state,
            hive.version ?? "",
            hive.error ?? hive.url ?? "",
          ]),
        ]),
        "",
        ...workerLines(workers),
        "",
        `Page: ${queen.publicUrl}/`,
      ]);
      return status;
    })
  );
}

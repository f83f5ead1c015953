import process from "node:process";
import { toRbeeError } from "./src/base/rbee_error.ts";
import { readRoleOptions, type RoleFlags } from "./src/config/role_options.ts";
import type { RoleProcess } from "./src/jobs/role_process.ts";
import { runCommandLine } from "./src/keeper/program.ts";
import { ownTerminal } from "./src/keeper/terminal.ts";
import { wantsColor } from "./src/narration/color.ts";
import { narrate, setProcessActor } from "./src/narration/narrate.ts";
import { addNarrationSink } from "./src/narration/narration_sink.ts";
import { OutputQueue } from "./src/narration/output_queue.ts";
import { OutputSink } from "./src/narration/output_sink.ts";
import { RotatingFile } from "./src/narration/rotating_file.ts";

// Nobody may be reading any more, and the process must still end.
const LAST_FLUSH_MS = 2000;

// Under `deno task` a Ctrl-C arrives twice: from the terminal, and passed on by Deno.
const SAME_SIGNAL_MS = 500;

const output = new OutputQueue();
const end = new AbortController();
let askedMs: number | undefined;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  // Not Deno's own listeners: llama.cpp's package brings one that, alone among Node's, ends the process.
  process.on(signal, () => {
    const nowMs = performance.now();
    if (askedMs === undefined) {
      askedMs = nowMs;
      end.abort(new Error(signal));
    } else if (nowMs - askedMs > SAME_SIGNAL_MS) {
      // The second time the person means it.
      Deno.exit(130);
    }
  });
}

const status = await runCommandLine(Deno.args, {
  terminal: ownTerminal(output),
  signal: end.signal,
  serve,
});
await output.flush({ timeoutMs: LAST_FLUSH_MS });
Deno.exit(status);

/** Each role is loaded when it is chosen, so that the command line starts fast. */
async function serve(flags: RoleFlags): Promise<number> {
  setProcessActor(flags.role);
  const format = Deno.env.get("RBEE_NARRATION") === "json" ? "json" : "text";
  const color = flags.logFile === undefined && wantsColor(Deno.stdout.isTerminal());
  let log: RotatingFile | undefined;
  try {
    if (flags.logFile !== undefined) log = await RotatingFile.open(flags.logFile);
  } catch (error) {
    output.push(Deno.stderr, `Error: ${toRbeeError(error).message}\n`);
    return 1;
  }
  addNarrationSink(new OutputSink(output, log ?? Deno.stdout, { format, color }));
  const roleProcess: RoleProcess = {
    signal: end.signal,
    flushOutput: async () => void await output.flush({ timeoutMs: LAST_FLUSH_MS }),
    diagnostic: (line) => void output.push(log ?? Deno.stderr, line + "\n"),
    diagnosticColor: log === undefined && wantsColor(Deno.stderr.isTerminal()),
  };
  try {
    const options = await readRoleOptions(flags);
    switch (options.role) {
      case "queen":
        return await (await import("./src/queen/queen_role.ts")).runQueen(options, roleProcess);
      case "hive":
        return await (await import("./src/hive/hive_role.ts")).runHive(options, roleProcess);
      case "worker":
        return await (await import("./src/worker/worker_role.ts")).runWorker(options, roleProcess);
    }
  } catch (error) {
    const { code, message } = toRbeeError(error);
    narrate("failed", message, { level: "error", fields: { code } });
    return code === "usage" ? 2 : 1;
  }
}

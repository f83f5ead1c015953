import process from "node:process";
import { toRbeeError } from "./src/base/rbee_error.ts";
import { readRoleOptions, type RoleFlags } from "./src/config/role_options.ts";
import type { RoleProcess } from "./src/jobs/role_process.ts";
import { runCommandLine } from "./src/keeper/program.ts";
import { ownTerminal } from "./src/keeper/terminal.ts";
import { wantsColor } from "./src/narration/color.ts";
import { onDefect } from "./src/narration/defects.ts";
import { DiagnosticLog } from "./src/narration/diagnostic_log.ts";
import { narrate, setProcessActor } from "./src/narration/narrate.ts";
import { addNarrationSink } from "./src/narration/narration_sink.ts";
import { OutputQueue } from "./src/narration/output_queue.ts";
import { OutputSink } from "./src/narration/output_sink.ts";
import { RotatingFile } from "./src/narration/rotating_file.ts";
import { Hangup } from "./src/process/hangup.ts";
import {
  givePermissionsUp,
  holderOfCommand,
  requirePermissions,
} from "./src/process/permissions.ts";
import { SystemdNotify } from "./src/process/systemd_notify.ts";
import { isTracing } from "./src/tracing/spans.ts";

// Nobody may be reading any more, and the process must still end.
const LAST_FLUSH_MS = 2000;

// Under `deno task` a Ctrl-C arrives twice: from the terminal, and passed on by Deno.
const SAME_SIGNAL_MS = 500;

const output = new OutputQueue();
const end = new AbortController();
let askedMs: number | undefined;

const forcedEnds: (() => void)[] = [];
const hangup = new Hangup(() => endBy("SIGHUP"));

// Not Deno's own listeners: llama.cpp's package brings one that, alone among Node's, ends the process.
// Deno takes all three with the first, and ends the process at those that nobody listens to yet. Two of
// them ask for that; SIGHUP does not, and goes first.
process.on("SIGHUP", () => hangup.take());
process.on("SIGINT", () => endBy("SIGINT"));
process.on("SIGTERM", () => endBy("SIGTERM"));

try {
  requirePermissions();
} catch (error) {
  Deno.stderr.writeSync(new TextEncoder().encode(`Error: ${toRbeeError(error).message}\n`));
  Deno.exit(1);
}

const status = await runCommandLine(Deno.args, {
  terminal: ownTerminal(output),
  signal: end.signal,
  serve,
  onCommand(name) {
    givePermissionsUp(holderOfCommand(name));
    if (name !== "serve") hangup.settle("ends");
  },
});
await output.flush({ timeoutMs: LAST_FLUSH_MS });
// Not Deno.exit, which does not tell who listens to Node's end: llama.cpp's package ends by it the process
// in which it tries the library out.
process.exit(status);

/** Ends the process: the first time in good order, the second time at once. */
function endBy(signal: string): void {
  const nowMs = performance.now();
  if (askedMs === undefined) {
    askedMs = nowMs;
    end.abort(new Error(signal));
  } else if (nowMs - askedMs > SAME_SIGNAL_MS) {
    // The second time the person means it.
    try {
      for (const forcedEnd of forcedEnds) forcedEnd();
    } finally {
      endAtOnce();
    }
  }
}

function endAtOnce(): never {
  // Deno.exit would wait for a collector to take what is left, in native code that no signal ends.
  try {
    process.emit("exit", 130);
    if (isTracing) Deno.kill(Deno.pid, "SIGKILL");
  } finally {
    // A worker that is ready may send no signals, and waits.
    Deno.exit(130);
  }
}

/** Each role is loaded when it is chosen, so that the command line starts fast. */
async function serve(flags: RoleFlags): Promise<number> {
  setProcessActor(flags.role);
  hangup.settle(flags.parentPipe ? "led" : flags.role === "worker" ? "ends" : "rereads");
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
  const { logFormat = "text" } = flags;
  const diagnostics = new DiagnosticLog(output, log ?? Deno.stderr, {
    format: logFormat,
    actor: flags.role,
    minimum: flags.logLevel,
  });
  onDefect((line) => diagnostics.write(line, "error"));
  await using supervisor = SystemdNotify.take((sentence) => diagnostics.write(sentence, "warn"));
  const roleProcess: RoleProcess = {
    signal: end.signal,
    onReload: (listener) => hangup.onReload(listener),
    givePermissionsUp() {
      // A log is rotated by its names.
      const also = log === undefined ? [] : ["read", "write"] as const;
      givePermissionsUp(flags.role, also);
    },
    tell: (state) => supervisor?.tell(state),
    onForcedEnd: (listener) => void forcedEnds.push(listener),
    flushOutput: async () => void await output.flush({ timeoutMs: LAST_FLUSH_MS }),
    diagnostic: (line, level) => diagnostics.write(line, level),
    diagnosticColor: log === undefined && logFormat === "text" &&
      wantsColor(Deno.stderr.isTerminal()),
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

import { Command, CommanderError } from "commander";
import { messageOf, toRbeeError } from "../base/rbee_error.ts";
import type { RoleFlags } from "../config/role_options.ts";
import { addNarrationSink } from "../narration/narration_sink.ts";
import { versionLine } from "../version.ts";
import type { CommandContext, RunCommand } from "./command_context.ts";
import { addCompletionsCommand } from "./commands/completions.ts";
import { addDoctorCommand } from "./commands/doctor.ts";
import { addDownCommand } from "./commands/down.ts";
import { addHiveCommand } from "./commands/hive.ts";
import { addJobCommand } from "./commands/job.ts";
import { addModelCommand } from "./commands/model.ts";
import { addQueenCommand } from "./commands/queen.ts";
import { addInferCommand, addRunCommand } from "./commands/run.ts";
import { addServeCommand } from "./commands/serve.ts";
import { addStatusCommand } from "./commands/status.ts";
import { addUpCommand } from "./commands/up.ts";
import { addWorkerCommand } from "./commands/worker.ts";
import { EXIT, exitStatusOf } from "./exit_status.ts";
import { Renderer } from "./render.ts";
import { readSettings } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

// Nobody may be reading, and the command must still end.
const LAST_FLUSH_MS = 2000;

/** What the command line needs of its process. */
export interface ProgramParts {
  terminal: Terminal;
  /** Aborts when the person presses Ctrl-C. */
  signal: AbortSignal;
  /** Runs a role in this process; returns the exit code. */
  serve(flags: RoleFlags): Promise<number>;
}

/** Runs one command line (without the program's own name) and returns the exit status. */
export async function runCommandLine(
  args: readonly string[],
  parts: ProgramParts,
): Promise<number> {
  const { terminal, signal } = parts;
  let status: number = EXIT.ok;
  const run: RunCommand = async (flags, commandArgs, body) => {
    const renderer = new Renderer(terminal, flags);
    const removeSink = addNarrationSink(renderer);
    try {
      const context: CommandContext = { settings: await readSettings(flags), renderer, signal };
      status = await body(context, commandArgs, flags);
    } catch (thrown) {
      status = showError(thrown, renderer, signal, flags.json ?? false);
    } finally {
      removeSink();
    }
  };
  const program = buildProgram(terminal, run, async (flags) => {
    status = await parts.serve(flags);
  });
  try {
    await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help that was asked for is a result; anything else is wrong usage.
    status = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  await terminal.queue.flush({ timeoutMs: LAST_FLUSH_MS });
  return resultIsLost(terminal) ? EXIT.failed : status;
}

/** Whether the result could not be written, which is said; a reader that has left wanted no more. */
function resultIsLost(terminal: Terminal): boolean {
  const failure = terminal.queue.failureOf(terminal.stdout);
  if (failure === undefined || failure instanceof Deno.errors.BrokenPipe) return false;
  const sentence = `Error: Cannot write to standard output: ${messageOf(failure)}`;
  terminal.queue.push(terminal.stderr, sentence + "\n");
  return true;
}

function buildProgram(
  terminal: Terminal,
  run: RunCommand,
  serve: (flags: RoleFlags) => Promise<void>,
): Command {
  const program = new Command("rbee")
    .description("Your own machines as one inference service that tells you what it is doing.")
    .version(versionLine(), "--version", "print version, commit, form and target")
    .helpOption("-h, --help", "print help")
    .addHelpText("after", '\nExample:\n  rbee run bee-tiny "Tell me a story about Luna."')
    .showHelpAfterError("(add --help to see what fits)")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void terminal.queue.push(terminal.stdout, text),
      writeErr: (text) => void terminal.queue.push(terminal.stderr, text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  addRunCommand(program, run);
  addInferCommand(program, run);
  addUpCommand(program, run);
  addDownCommand(program, run);
  addStatusCommand(program, run);
  addQueenCommand(program, run, serve);
  addHiveCommand(program, run, serve);
  addWorkerCommand(program, run);
  addModelCommand(program, run);
  addJobCommand(program, run);
  addDoctorCommand(program, run);
  addCompletionsCommand(program, run);
  addServeCommand(program, serve);
  return program;
}

function showError(
  thrown: unknown,
  renderer: Renderer,
  signal: AbortSignal,
  json: boolean,
): number {
  renderer.endAnswer();
  if (signal.aborted) {
    renderer.error("Interrupted");
    return EXIT.interrupted;
  }
  const error = toRbeeError(thrown);
  if (json) renderer.result({ error: { code: error.code, message: error.message } });
  renderer.error(error.message);
  return exitStatusOf(error);
}

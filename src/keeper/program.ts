import { Command, CommanderError } from "commander";
import { messageOf, type RbeeError, toRbeeError } from "../base/rbee_error.ts";
import { redact } from "../base/redact.ts";
import { takeEnvironmentToken } from "../config/environment_token.ts";
import type { RoleFlags } from "../config/role_options.ts";
import { trustAuthorities } from "../http/trusted_authorities.ts";
import { addNarrationSink } from "../narration/narration_sink.ts";
import { inSpan } from "../tracing/spans.ts";
import { inTraceOfEnvironment } from "../tracing/trace_environment.ts";
import { versionLine } from "../version.ts";
import type { CommandContext, RunCommand } from "./command_context.ts";
import { addCompletionsCommand } from "./commands/completions.ts";
import { addConfigCommand } from "./commands/config.ts";
import { addDoctorCommand } from "./commands/doctor.ts";
import { addDownCommand } from "./commands/down.ts";
import { addHiveCommand } from "./commands/hive.ts";
import { addJobCommand } from "./commands/job.ts";
import { addModelCommand } from "./commands/model.ts";
import { addQueenCommand } from "./commands/queen.ts";
import { addInferCommand, addRunCommand } from "./commands/run.ts";
import { addServeCommand } from "./commands/serve.ts";
import { addServiceCommand } from "./commands/systemd_units.ts";
import { addStatusCommand } from "./commands/status.ts";
import { addTokenCommand } from "./commands/token.ts";
import { addUpCommand } from "./commands/up.ts";
import { addWorkerCommand } from "./commands/worker.ts";
import { EXIT, exitStatusOf } from "./exit_status.ts";
import { Renderer } from "./render.ts";
import { namingToken } from "./refused_token.ts";
import { readSettings, type Settings } from "./settings.ts";
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
  /** Called with the name of the command that is about to run, without its subcommand. */
  onCommand?(name: string): void;
}

/** Runs one command line (without the program's own name) and returns the exit status. */
export async function runCommandLine(
  args: readonly string[],
  parts: ProgramParts,
): Promise<number> {
  const { terminal, signal } = parts;
  const token = takeEnvironmentToken();
  let status: number = EXIT.ok;
  let commandName = "rbee";
  const run: RunCommand = async (flags, commandArgs, body) => {
    const renderer = new Renderer(terminal, flags);
    const removeSink = addNarrationSink(renderer);
    let settings: Settings | undefined;
    try {
      settings = await readSettings(flags, { token });
      using _trusted = settings.ca === undefined ? undefined : trustAuthorities(settings.ca);
      const context: CommandContext = {
        settings,
        renderer,
        signal,
      };
      status = await inTraceOfEnvironment(() =>
        inSpan(commandName, {}, () => body(context, commandArgs, flags))
      );
    } catch (thrown) {
      const error = namingToken(toRbeeError(thrown), settings);
      status = showError(error, renderer, signal, flags.json ?? false);
    } finally {
      removeSink();
    }
  };
  const program = buildProgram(terminal, run, async (flags) => {
    status = await parts.serve(flags);
  });
  program.hook("preAction", (_, action) => parts.onCommand?.(topCommand(action)));
  program.hook("preAction", (_program, command) => {
    commandName = commandPath(command);
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

/** The name of the command of `rbee` itself that a subcommand belongs to. */
function topCommand(command: Command): string {
  const { parent } = command;
  return parent === null || parent.parent === null ? command.name() : topCommand(parent);
}

/** The command as it is typed, without what it is given: `rbee worker spawn`. */
function commandPath(command: Command): string {
  return command.parent === null
    ? command.name()
    : `${commandPath(command.parent)} ${command.name()}`;
}

/** Whether the result could not be written, which is said; a reader that has left wanted no more. */
function resultIsLost(terminal: Terminal): boolean {
  const failure = terminal.queue.failureOf(terminal.stdout);
  if (failure === undefined || failure instanceof Deno.errors.BrokenPipe) return false;
  const sentence = `Error: Cannot write to standard output: ${messageOf(failure)}`;
  terminal.queue.push(terminal.stderr, sentence + "\n");
  return true;
}

/** The command line with all its commands, which hand their work to `run` and `serve`. */
export function buildProgram(
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
      // A flag that is wrong may be one with a secret.
      writeErr: (text) => void terminal.queue.push(terminal.stderr, redact(text)),
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
  addTokenCommand(program, run);
  addConfigCommand(program, run);
  addServiceCommand(program, run);
  addDoctorCommand(program, run);
  addCompletionsCommand(program, run);
  addServeCommand(program, serve);
  return program;
}

function showError(
  error: RbeeError,
  renderer: Renderer,
  signal: AbortSignal,
  json: boolean,
): number {
  renderer.endAnswer();
  if (signal.aborted) {
    renderer.error("Interrupted");
    return EXIT.interrupted;
  }
  if (json) renderer.result({ error: { code: error.code, message: error.message } });
  renderer.error(error.message);
  return exitStatusOf(error);
}

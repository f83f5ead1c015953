/** How a command of the build ended. */
export interface CommandEnd {
  success: boolean;
  stdout: string;
  stderr: string;
}

/** Where a command runs, and for how long. */
export interface CommandOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Ends it. */
  signal?: AbortSignal;
}

/** Runs a program to its end, whatever that is. Its standard input is empty. */
export async function runCommand(
  command: readonly [string, ...string[]],
  options: CommandOptions = {},
): Promise<CommandEnd> {
  const [program, ...args] = command;
  const { success, stdout, stderr } = await new Deno.Command(program, {
    ...options,
    args,
    env: { NO_COLOR: "1", ...options.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  return { success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/**
 * Runs a program that must succeed, and gives its standard output.
 *
 * @throws {Error} If it fails, with everything that it printed.
 */
export async function mustRun(
  command: readonly [string, ...string[]],
  options: CommandOptions = {},
): Promise<string> {
  const { success, stdout, stderr } = await runCommand(command, options);
  if (!success) throw new Error(`"${command.join(" ")}" failed:\n${stdout}${stderr}`);
  return stdout;
}

/**
 * The command line of process `pid`, its program first; undefined when there is no such process, it
 * is a zombie or there is no /proc.
 */
export function processArguments(pid: number): string[] | undefined {
  try {
    const text = Deno.readTextFileSync(`/proc/${pid}/cmdline`);
    return text === "" ? undefined : text.replace(/\0$/, "").split("\0");
  } catch {
    return undefined;
  }
}

/** The value of `--name VALUE` or `--name=VALUE` in a command line; undefined when it is not there. */
export function argumentValue(args: readonly string[], name: string): string | undefined {
  const joined = args.find((arg) => arg.startsWith(`${name}=`));
  if (joined !== undefined) return joined.slice(name.length + 1);
  const at = args.indexOf(name);
  return at === -1 ? undefined : args[at + 1];
}

// A tilde, a brace or an equals sign may mean something to a shell at some places, and so is quoted.
const PLAIN = /^[A-Za-z0-9_./:,@%+-]+$/;

/** A word as a POSIX shell has to read it to take it for what it is. It must hold no NUL character. */
export function quoteWord(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** A command line of rbee. */
export interface RbeeCommand {
  /** What it does: `worker spawn`. */
  does: readonly string[];
  /** What it does that to. */
  target: string;
  /** Its flags by name, without the dashes. What is undefined is left out. */
  flags?: Readonly<Record<string, string | number | undefined>>;
}

/** A command as it is typed in a POSIX shell: `rbee worker spawn bee-tiny --hive local`. */
export function commandLine({ does, target, flags = {} }: RbeeCommand): string {
  const flagWords = Object.entries(flags).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, `${value}`]
  );
  // What begins with a dash is taken for a flag unless two dashes stand before it.
  const words = target.startsWith("-")
    ? ["rbee", ...does, ...flagWords, "--", target]
    : ["rbee", ...does, target, ...flagWords];
  return words.map(quoteWord).join(" ");
}

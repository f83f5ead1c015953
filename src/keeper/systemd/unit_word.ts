// What a unit's parser would take for more than itself. See systemd.syntax(7).
// deno-lint-ignore no-control-regex
const SPECIAL = /["\\\x00-\x1f\x7f]/g;

/**
 * A word of a unit's setting: what it names, whatever that holds, in quotes. Specifiers (`%h`) stay text.
 * See systemd.syntax(7), "Quoting", and systemd.unit(5), "Specifiers".
 */
export function unitWord(text: string): string {
  const escaped = text.replaceAll("%", "%%").replace(SPECIAL, (character) => {
    if (character === '"' || character === "\\") return `\\${character}`;
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return /^[\w@%+=:,./-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}

/**
 * A command of a unit. Variables (`$HOME`) stay text, too, in all but the program's path, where systemd
 * looks for none. See systemd.service(5), "Command lines".
 */
export function unitCommand(program: string, args: readonly string[]): string {
  return [unitWord(program), ...args.map((arg) => unitWord(arg.replaceAll("$", "$$$$")))].join(" ");
}

import { RbeeError } from "../base/rbee_error.ts";

// `=` and `~` at a word's begin, `%` and `^` mean something to one shell or another.
const PLAIN = /^[A-Za-z0-9_./:@,+-]+$/;

/**
 * Writes `argument` as one word of a POSIX shell that stands for exactly its characters. Quotes and
 * backslashes stand escaped outside of quotes, where fish reads them as sh does; inside of single
 * quotes it does not.
 *
 * @throws {RbeeError} `bad_argument` If it holds a NUL character, which no argument can.
 */
export function shellQuote(argument: string): string {
  if (argument.includes("\0")) {
    throw new RbeeError(
      "bad_argument",
      "An argument of a remote command holds a NUL character; remove it",
    );
  }
  if (argument === "") return "''";
  return argument.split(/(['\\])/).map((part) => {
    if (part === "'" || part === "\\") return `\\${part}`;
    return part === "" || PLAIN.test(part) ? part : `'${part}'`;
  }).join("");
}

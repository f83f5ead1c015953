import { shellQuote } from "./shell_quote.ts";

/** A path under the home folder of the remote user, whatever that is. */
export interface HomePath {
  /** What follows `$HOME/`. */
  readonly underHome: string;
}

/** An argument of a remote command: taken literally, or under the home folder there. */
export type RemoteArgument = string | HomePath;

/**
 * Reads a path on the remote machine: with a leading `~/` (or `~` alone) it is under the home folder
 * there; anything else is the path as it stands. A relative path that begins with `-` gets `./`, so
 * that no program takes it for an option.
 */
export function remotePath(path: string): RemoteArgument {
  if (path === "~") return { underHome: "" };
  if (path.startsWith("~/")) return { underHome: path.slice(2) };
  return path.startsWith("-") ? `./${path}` : path;
}

/**
 * Writes an argument as one word for the remote login shell.
 *
 * @throws {RbeeError} `bad_argument` If it holds a NUL character.
 */
export function quoteArgument(argument: RemoteArgument): string {
  if (typeof argument === "string") return shellQuote(argument);
  // sh, bash, zsh, fish and csh all expand this alike, and split nothing.
  const { underHome } = argument;
  return underHome === "" ? '"$HOME"' : `"$HOME"/${shellQuote(underHome)}`;
}

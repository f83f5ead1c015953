import { messageOf, RbeeError } from "../../base/rbee_error.ts";
import { runProgram } from "../../process/run_program.ts";

/** Who a unit runs as. */
export interface UnitUser {
  name: string;
  home: string;
}

const LIMIT_MS = 10_000;

/**
 * The user that a unit of the system runs as: the one that is named, else who called sudo, else root.
 *
 * @param options.root The folder of a system that does not run, whose users are meant.
 * @throws {RbeeError} `usage` If there is no such user, or no list of users in `root`.
 */
export async function unitUser(
  named: string | undefined,
  options: { root?: string | undefined } = {},
): Promise<UnitUser> {
  const name = named ?? Deno.env.get("SUDO_USER") ?? "root";
  const { root } = options;
  const lines = root === undefined
    ? (await runProgram({ program: "getent", args: ["passwd", name] }, { limitMs: LIMIT_MS })).out
    : (await usersOf(root)).split("\n");
  for (const line of lines) {
    // See passwd(5).
    const fields = line.split(":");
    if (fields[0] === name && fields[5]) return { name, home: fields[5] };
  }
  throw new RbeeError("usage", `There is no user "${name}"; name one with --as`);
}

async function usersOf(root: string): Promise<string> {
  try {
    return await Deno.readTextFile(`${root}/etc/passwd`);
  } catch (error) {
    const path = `${root}/etc/passwd`;
    const what = error instanceof Deno.errors.NotFound
      ? `There is no ${path}`
      : `Cannot read ${path} (${messageOf(error)})`;
    throw new RbeeError("usage", `${what}; give as --root the folder of a whole system`, {
      cause: error,
    });
  }
}

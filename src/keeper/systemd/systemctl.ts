import { RbeeError } from "../../base/rbee_error.ts";
import { runProgram } from "../../process/run_program.ts";

/** Which systemd is meant. */
export interface SystemdScope {
  /** The person's own, in place of the system's. */
  user: boolean;
  /** A system that does not run, in this folder: nothing is started or stopped. */
  root?: string | undefined;
}

// What starts or stops a role waits until it has.
const LIMIT_MS = 200_000;

/** The flags of systemctl by which it means this systemd. */
export function scopeFlags({ user, root }: SystemdScope): string[] {
  return [...user ? ["--user"] : [], ...root === undefined ? [] : [`--root=${root}`]];
}

/**
 * Makes sure that there is a systemd to speak with, and the right to.
 *
 * @throws {RbeeError} `no_systemd` If none runs on this machine; `not_permitted` If the system's is meant
 * and this is not root.
 */
export function requireSystemd({ user, root }: SystemdScope): void {
  if (root !== undefined) return;
  if (!isFolder("/run/systemd/system")) {
    throw new RbeeError(
      "no_systemd",
      "systemd does not run on this machine; start rbee with rbee up, or put rbee serve --role queen and --role hive under what supervises programs here",
    );
  }
  if (!user && Deno.uid() !== 0) {
    throw new RbeeError(
      "not_permitted",
      "Only root may install for the whole machine; type sudo rbee service install, or rbee service install --user",
    );
  }
}

/**
 * Runs systemctl to its end, and gives what it printed.
 *
 * @throws {RbeeError} `no_systemd` If it is not installed; `no_user_session` If the person's own systemd
 * cannot be reached; `systemctl_failed` If it fails otherwise.
 */
export async function systemctl(scope: SystemdScope, args: readonly string[]): Promise<string[]> {
  const command = { program: "systemctl", args: [...scopeFlags(scope), ...args] };
  const { exit, out, err } = await runProgram(command, { limitMs: LIMIT_MS }).catch(notInstalled);
  if (exit.code === 0) return out;
  const said = err.join(" ").trim();
  if (scope.user && /connect to bus|XDG_RUNTIME_DIR|No medium found/i.test(said)) {
    throw new RbeeError(
      "no_user_session",
      `Cannot reach your own systemd (${said}); type sudo loginctl enable-linger $USER, then export XDG_RUNTIME_DIR=/run/user/$(id -u), and try again`,
    );
  }
  throw new RbeeError(
    "systemctl_failed",
    `systemctl ${args.join(" ")} failed: ${
      said || `exit status ${exit.code}`
    }; see what it says with journalctl ${scope.user ? "--user " : ""}-n 50`,
  );
}

function notInstalled(error: unknown): never {
  if (!(error instanceof RbeeError && error.code === "cannot_spawn")) throw error;
  throw new RbeeError(
    "no_systemd",
    "There is no systemctl on this machine; start rbee with rbee up instead",
    { cause: error },
  );
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

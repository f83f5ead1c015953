import { RbeeError } from "../base/rbee_error.ts";
import { parseDestination } from "./destination.ts";
import { type RemoteOptions, type RemoteResult, runRemote } from "./remote_command.ts";
import { type RemoteArgument, remotePath } from "./remote_path.ts";
import type { SshHost } from "./ssh_arguments.ts";

/** Where rbee is installed on a host unless it is told otherwise. */
export const DEFAULT_PROGRAM_PATH = "~/.local/bin/rbee";

/** An rbee that is, or is to be, on the machine of a hive behind ssh. */
export interface RemoteRbee {
  /** The hive's name here. */
  name: string;
  host: SshHost;
  /** Its path there; a leading `~/` is the home folder there. */
  path: string;
}

/**
 * The rbee of a hive as rbee.yaml names it.
 *
 * @param host How its machine may be reached, beside its destination.
 * @throws {RbeeError} `bad_destination` If `address.ssh` is none.
 */
export function remoteRbee(
  name: string,
  address: { ssh: string; path?: string | undefined },
  host: Omit<SshHost, "destination"> = {},
): RemoteRbee {
  return {
    name,
    host: { ...host, destination: parseDestination(address.ssh) },
    path: address.path ?? DEFAULT_PROGRAM_PATH,
  };
}

// What a shell exits with when there is no such program, or none that it can run. See POSIX, 2.8.2.
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

/**
 * Runs a command of the rbee on a host to its end. Its narration is JSON, one record a line.
 *
 * @throws {RbeeError} `rbee_not_installed` If there is none, or none that runs.
 * @throws {RbeeError} `ssh_…` If ssh failed. @throws {unknown} If `signal` aborts: its reason.
 */
export async function runRemoteRbee(
  { name, host, path }: RemoteRbee,
  args: readonly RemoteArgument[],
  options: RemoteOptions = {},
): Promise<RemoteResult> {
  const command = ["env", "RBEE_NARRATION=json", remotePath(path), ...args];
  const result = await runRemote(host, command, options);
  if (result.code !== NOT_FOUND && result.code !== NOT_EXECUTABLE) return result;
  throw new RbeeError(
    "rbee_not_installed",
    `Cannot run ${path} on the machine of hive "${name}"; install it with rbee hive install ${name}`,
  );
}

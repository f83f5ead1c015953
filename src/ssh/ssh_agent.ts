import { sshEnvironment, type SshHost } from "./ssh_arguments.ts";

/**
 * Whether the environment of `ssh` names an agent that does not take connections any more, as after
 * a logout. False where none is named.
 */
export async function agentIsGone(host: SshHost): Promise<boolean> {
  const path = sshEnvironment(host)["SSH_AUTH_SOCK"];
  if (path === undefined || path === "") return false;
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return false;
  } catch {
    // Whatever the reason, ssh gets no key from it either.
    return true;
  }
}

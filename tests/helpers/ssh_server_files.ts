import type { SshClientFiles } from "./ssh_client_files.ts";
import type { TemporaryFolder } from "./temporary_folder.ts";

/** How a machine differs from the usual one. */
export interface TestSshHostOptions {
  /** False takes the loopback address even where namespaces are permitted. */
  isolated?: boolean;
  /** False leaves out what scp needs. */
  sftp?: boolean;
  /** False permits no tunnels. */
  forwarding?: boolean;
  /** What is run in the place of every command. With a network of its own alone. */
  forceCommand?: string;
}

/** The lines of sshd_config that the options ask for. */
export function serverLines(
  { sftp = true, forwarding = true, forceCommand }: TestSshHostOptions,
): string[] {
  return [
    ...sftp ? ["Subsystem sftp internal-sftp"] : [],
    ...forwarding ? [] : ["AllowTcpForwarding no"],
    ...forceCommand === undefined ? [] : [`ForceCommand ${forceCommand}`],
  ];
}

/**
 * Writes sshd_config, the host's key and the key of who may log in to `folder`/etc, which sshd will
 * see as `etc`. `lines` come first, and the first of each setting is what counts.
 */
export async function writeServerFiles(
  files: SshClientFiles,
  folder: TemporaryFolder,
  etc: string,
  lines: readonly string[],
): Promise<void> {
  const from = (name: string) => files.folder.join(name);
  await Deno.copyFile(from("host_key"), folder.join("etc", "host_key"));
  await Deno.chmod(folder.join("etc", "host_key"), 0o600);
  await Deno.copyFile(from("id.pub"), folder.join("etc", "authorized_keys"));
  await Deno.writeTextFile(
    folder.join("etc", "sshd_config"),
    [
      ...lines,
      `HostKey ${etc}/host_key`,
      `AuthorizedKeysFile ${etc}/authorized_keys`,
      "PermitRootLogin yes",
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "UsePAM no",
      "StrictModes no",
      "UseDNS no",
      "PidFile none",
      "MaxStartups 100",
      "",
    ].join("\n"),
  );
}

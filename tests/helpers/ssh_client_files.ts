import assert from "node:assert/strict";
import { TemporaryFolder } from "./temporary_folder.ts";
import { writeProgram } from "./written_program.ts";

/** Runs a program to its end and gives its standard output; one that fails throws what it said. */
export async function output(program: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" })
    .output();
  const decoder = new TextDecoder();
  assert.ok(success, `${program} ${args.join(" ")}: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

/**
 * What a person at one machine has for `ssh`, in a folder of its own: a key, the keys of known hosts, a
 * configuration, and `ssh` and `scp` that read it. OpenSSH takes the home folder from the system's
 * list of users, so that another HOME would not keep it from the files of who runs the tests.
 */
export class SshClientFiles implements AsyncDisposable {
  readonly folder: TemporaryFolder;

  private constructor(folder: TemporaryFolder) {
    this.folder = folder;
  }

  static async make(): Promise<SshClientFiles> {
    const files = new SshClientFiles(await TemporaryFolder.make());
    const { folder } = files;
    for (const name of ["id", "wrong_id", "host_key", "other_host_key"]) {
      const key = ["-t", "ed25519", "-N", "", "-C", name, "-f", folder.join(name)];
      await output("ssh-keygen", "-q", ...key);
    }
    await Deno.mkdir(files.binPath);
    await Deno.writeTextFile(files.knownHostsPath, "");
    await files.configure();
    await files.#writeProgram("ssh");
    await files.#writeProgram("scp", `-S ${files.binPath}/ssh`);
    return files;
  }

  /** The folder with `ssh` and `scp`, for PATH. */
  get binPath(): string {
    return this.folder.join("bin");
  }

  get knownHostsPath(): string {
    return this.folder.join("known_hosts");
  }

  /** A variable environment for `ssh`, without the agent of who runs the tests. */
  get env(): Record<string, string> {
    const env = Deno.env.toObject();
    delete env["SSH_AUTH_SOCK"];
    return { ...env, PATH: `${this.binPath}:${env["PATH"] ?? "/usr/bin:/bin"}` };
  }

  /** Has `scp` copy no more than so many MiB a second, so that a test can get between. */
  async limitScp(mebibytes: number): Promise<void> {
    await this.#writeProgram("scp", `-S ${this.binPath}/ssh -l ${mebibytes * 8 * 1024}`);
  }

  /** Writes the configuration; `lines` come first, and the first of each option is what counts. */
  async configure(options: { lines?: string; key?: string } = {}): Promise<void> {
    await Deno.writeTextFile(
      this.folder.join("config"),
      [
        options.lines ?? "",
        "Host *",
        `  IdentityFile ${this.folder.join(options.key ?? "id")}`,
        "  IdentitiesOnly yes",
        `  UserKnownHostsFile ${this.knownHostsPath}`,
        "  GlobalKnownHostsFile /dev/null",
        "  UpdateHostKeys no",
        "",
      ].join("\n"),
    );
  }

  /** Makes `key` the known key of a host, or forgets all with undefined. */
  async knowHost(host: string, key: "host_key" | "other_host_key" | undefined): Promise<void> {
    const line = key && `${host} ${await Deno.readTextFile(this.folder.join(`${key}.pub`))}`;
    await Deno.writeTextFile(this.knownHostsPath, line ?? "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.folder[Symbol.asyncDispose]();
  }

  async #writeProgram(name: string, options = ""): Promise<void> {
    const config = this.folder.join("config");
    const script = `#!/bin/sh\nexec /usr/bin/${name} -F ${config} ${options} "$@"\n`;
    await writeProgram(`${this.binPath}/${name}`, script);
  }
}

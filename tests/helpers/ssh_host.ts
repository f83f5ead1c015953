import assert from "node:assert/strict";
import { isAlive } from "../../src/process/process_identity.ts";
import { parseDestination } from "../../src/ssh/destination.ts";
import { freePort } from "../../src/process/free_port.ts";
import type { SshHost } from "../../src/ssh/ssh_arguments.ts";
import { CapturedChild } from "./captured_child.ts";
import { SshClientFiles } from "./ssh_client_files.ts";
import { childOf, type InsideProcess, sameNamespace, withMark } from "./ssh_host_processes.ts";
import { serverLines, type TestSshHostOptions, writeServerFiles } from "./ssh_server_files.ts";
import { TemporaryFolder } from "./temporary_folder.ts";
import { VethPair } from "./veth_pair.ts";
import { writeProgram } from "./written_program.ts";

const SSHD = "/usr/sbin/sshd";
const ROOT = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const UNSHARE = ["--mount", "--net", "--pid", "--uts", "--fork", "--kill-child", "--mount-proc"];
// Carried by what runs in a machine without namespaces, as far as it came through ssh. No name of
// rbee's own, which its roles do not pass on.
const MARK = "TEST_SSH_HOST_MARK";
/** What the first process of a machine waits for: it ends with the input, and so with the test. */
const HOLDER = "cat";
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const HAS_SSHD = existsSync(SSHD) && existsSync("/usr/bin/ssh") && existsSync("/usr/bin/scp");
const CAN_ISOLATE = HAS_SSHD && VethPair.permitted && succeeds("unshare", ...UNSHARE, "true");

/** What a command inside a test's machine printed. */
export interface InsideResult {
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * A machine behind a real sshd, and a person's `ssh` that can log in to it.
 *
 * Where namespaces are permitted it has a network, an address, processes, a host name and an empty home
 * folder of its own, and neither Deno nor this project. Elsewhere it is sshd on the loopback address,
 * with an empty home folder and the rest of this machine. It ends with the process that started it,
 * however that ends, and what runs in it with it.
 */
export class TestSshHost implements AsyncDisposable {
  readonly files: SshClientFiles;
  /** How it is told to `ssh`: `USER@HOST[:PORT]`. */
  readonly destination: string;
  /** As the functions of src/ssh take it. */
  readonly host: SshHost;
  /** Its home folder, as this machine sees it. */
  readonly homePath: string;
  readonly isIsolated: boolean;
  readonly #folder: TemporaryFolder;
  readonly #sshd: CapturedChild;
  readonly #cable: VethPair | undefined;
  /** The first process of its namespace, as this machine numbers it. */
  readonly initPid: number;
  #own: ReadonlySet<number> = new Set();

  private constructor(parts: Started & { files: SshClientFiles; folder: TemporaryFolder }) {
    const { files, folder, sshd, address, port, cable, initPid } = parts;
    this.files = files;
    this.#folder = folder;
    this.#sshd = sshd;
    this.#cable = cable;
    this.initPid = initPid;
    this.isIsolated = cable !== undefined;
    this.homePath = folder.join("home");
    this.destination = `${userName()}@${address}${port === undefined ? "" : `:${port}`}`;
    this.host = {
      destination: parseDestination(this.destination),
      env: files.env,
      connectTimeoutS: 10,
    };
  }

  static async start(options: TestSshHostOptions = {}): Promise<TestSshHost> {
    const files = await SshClientFiles.make();
    const folder = await TemporaryFolder.make();
    await Deno.mkdir(folder.join("home"));
    await Deno.mkdir(folder.join("etc"));
    await Deno.chmod(folder.path, 0o755);
    const isolated = (options.isolated ?? true) && CAN_ISOLATE;
    const start = isolated ? startIsolated : startLocal;
    const host = await start(files, folder, serverLines(options));
    const machine = new TestSshHost({ files, folder, ...host });
    await machine.#sshd.printed("Server listening on");
    // The first process starts it after the server, which may listen before it runs.
    const waits = ({ command }: InsideProcess) => command === HOLDER;
    while (isolated && !machine.#all().some(waits)) await Deno.stat("/proc");
    machine.#own = new Set(machine.#all().map(({ pid }) => pid));
    await machine.knowHostKey("host_key");
    return machine;
  }

  /** Folder with `ssh` and `scp` that know this machine, to be put first in PATH. */
  get binPath(): string {
    return this.files.binPath;
  }

  /** What sshd and the commands of the set-up have logged. */
  get log(): string[] {
    return this.#sshd.logged("stderr");
  }

  /** An address of its network where nobody is. */
  get nobodysAddress(): string {
    assert.ok(this.#cable, "only with a network of its own");
    return this.#cable.nobody;
  }

  /** This machine's end of the cable. */
  get interfaceName(): string {
    assert.ok(this.#cable, "only with a network of its own");
    return this.#cable.interfaceName;
  }

  /** Has the person know the machine's key, a wrong one, or none. */
  async knowHostKey(key: "host_key" | "other_host_key" | undefined): Promise<void> {
    const { host, port } = this.host.destination;
    await this.files.knowHost(port === undefined ? host : `[${host}]:${port}`, key);
  }

  /** Cuts the cable: what is sent is lost, in both directions. */
  async cutNetwork(): Promise<void> {
    await this.#switchNetwork("down");
  }

  async restoreNetwork(): Promise<void> {
    await this.#switchNetwork("up");
  }

  /** Runs a line of shell inside, in the home folder, without ssh. */
  async run(command: string): Promise<InsideResult> {
    const home = this.isIsolated ? "/root" : this.homePath;
    const args = [
      ...this.isIsolated
        ? ["nsenter", `--target=${this.initPid}`, "--mount", "--net", "--pid", "--uts"]
        : [],
      ...["env", "-i", `HOME=${home}`, `PATH=${PATH}`, "sh", "-c", `cd; ${command}`],
    ];
    const { code, stdout, stderr } = await new Deno.Command(args[0]!, {
      args: args.slice(1),
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  /** What runs inside beside sshd itself; sshd's processes of one connection each are among it. */
  processes(): InsideProcess[] {
    return this.#all().filter(({ pid }) => !this.#own.has(pid));
  }

  /** Resolves when nothing runs inside that `except` does not let pass. */
  async idle(except: (command: string) => boolean = () => false): Promise<void> {
    while (this.processes().some(({ command }) => !except(command))) await Deno.stat("/proc");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const left = this.#all().map(({ pid }) => pid);
    await this.#sshd.child.closeInput();
    await this.#sshd.ended;
    await this.#cable?.remove();
    if (this.isIsolated) assert.deepEqual(left.filter(isAlive), [], "a process is left");
    await this.#folder[Symbol.asyncDispose]();
    await this.files[Symbol.asyncDispose]();
  }

  async #switchNetwork(state: "up" | "down"): Promise<void> {
    assert.ok(this.#cable, "only with a network of its own");
    const { code, stderr } = await this.run(this.#cable.switchTo(state));
    assert.equal(code, 0, stderr);
  }

  #all(): InsideProcess[] {
    return this.isIsolated ? sameNamespace(this.initPid) : withMark(MARK, this.#folder.path);
  }
}

/** A test against a machine behind ssh, which says so where it is left out. */
export function sshTest(
  name: string,
  fn: () => Promise<void>,
  options: { network?: boolean } = {},
): Deno.TestDefinition {
  const missing = !HAS_SSHD
    ? "sshd, ssh or scp is not installed here"
    : options.network && !CAN_ISOLATE
    ? "namespaces are not permitted here"
    : undefined;
  if (missing === undefined) return { name, fn };
  return { name: `SKIPPED, ${missing}: ${name}`, ignore: true, fn };
}

/** An sshd that was started, and where. */
interface Started {
  sshd: CapturedChild;
  address: string;
  port?: number;
  cable?: VethPair;
  /** The first process of its namespace, as this machine numbers it. */
  initPid: number;
}

async function startIsolated(
  files: SshClientFiles,
  folder: TemporaryFolder,
  lines: readonly string[],
): Promise<Started> {
  await writeServerFiles(files, folder, "/etc/ssh", ["ListenAddress 0.0.0.0", ...lines]);
  // Each `read` waits for this process; when that is gone the first process ends, and all with it.
  const script = `
    set -e
    mount --bind ${folder.join("home")} /root
    mount --bind ${folder.join("etc")} /etc/ssh
    mount -t tmpfs none /run && mkdir -p /run/sshd
    mount -t tmpfs none ${ROOT}
    mount -t tmpfs none /tmp && chmod 1777 /tmp
    [ ! -e "${Deno.execPath()}" ] || mount --bind /dev/null "${Deno.execPath()}"
    hostname rbee-remote
    echo waiting
    read -r set_up
    eval "$set_up"
    env -i PATH=${PATH} ${SSHD} -D -e -f /etc/ssh/sshd_config </dev/null &
    ${HOLDER} >/dev/null`;
  const sshd = new CapturedChild({
    program: "unshare",
    args: [...UNSHARE, "sh", "-c", script],
  });
  await sshd.printed("waiting");
  const initPid = childOf(sshd.child.pid);
  const cable = await VethPair.make(initPid);
  await sshd.child.writeInput(new TextEncoder().encode(`${cable.setUp}\n`));
  return { sshd, address: cable.address, cable, initPid };
}

async function startLocal(
  files: SshClientFiles,
  folder: TemporaryFolder,
  lines: readonly string[],
): Promise<Started> {
  const port = freePort();
  const etc = folder.join("etc");
  await writeProgram(
    `${etc}/command`,
    `#!/bin/sh\ncd ${folder.join("home")} && export HOME="$PWD"\n` +
      `case "$SSH_ORIGINAL_COMMAND" in internal-sftp*) exec /usr/lib/openssh/sftp-server;; esac\n` +
      `exec sh -c "$SSH_ORIGINAL_COMMAND"\n`,
  );
  await writeServerFiles(files, folder, etc, [
    "ListenAddress 127.0.0.1",
    `Port ${port}`,
    `ForceCommand ${etc}/command`,
    `SetEnv ${MARK}=${folder.path}`,
    ...lines,
  ]);
  if (Deno.uid() === 0) await Deno.mkdir("/run/sshd", { recursive: true });
  const sshd = new CapturedChild({
    program: "sh",
    args: ["-c", `${SSHD} -D -e -f ${etc}/sshd_config </dev/null & ${HOLDER} >/dev/null; kill 0`],
  });
  return { sshd, address: "127.0.0.1", port, initPid: sshd.child.pid };
}

function userName(): string {
  return Deno.uid() === 0 ? "root" : Deno.env.get("USER") ?? "nobody";
}

function existsSync(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function succeeds(program: string, ...args: string[]): boolean {
  try {
    return new Deno.Command(program, { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

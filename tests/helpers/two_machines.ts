import assert from "node:assert/strict";
import { executableFile } from "./executable_file.ts";
import { RbeeHome } from "./rbee_home.ts";
import { TestSshHost } from "./ssh_host.ts";

/** A person at one machine, and another machine behind ssh with an empty home folder. */
export class TwoMachines implements AsyncDisposable {
  readonly home: RbeeHome;
  readonly there: TestSshHost;

  private constructor(home: RbeeHome, there: TestSshHost) {
    this.home = home;
    this.there = there;
  }

  static async make(): Promise<TwoMachines> {
    const there = await TestSshHost.start();
    const home = await RbeeHome.create();
    home.env["PATH"] = there.files.env["PATH"]!;
    home.env["SSH_AUTH_SOCK"] = "";
    return new TwoMachines(home, there);
  }

  /** Runs a command that must succeed, and gives what it printed. */
  async ok(...args: string[]) {
    const { code, stdout, stderr } = await this.home.rbee(args);
    assert.equal(code, 0, `rbee ${args.join(" ")}: ${stdout}${stderr}`);
    return { stdout, stderr };
  }

  /** Runs a command that must fail, and gives its last sentence. */
  async fails(code: number, ...args: string[]): Promise<string> {
    const result = await this.home.rbee(args);
    assert.equal(result.code, code, `rbee ${args.join(" ")}: ${result.stdout}${result.stderr}`);
    return result.stderr.trimEnd().split("\n").at(-1)!;
  }

  /** Has rbee on the other machine, as the hive gpu, and both hives up. */
  async up(): Promise<void> {
    await this.ok("hive", "add", "gpu", "--ssh", this.there.destination);
    await this.ok("hive", "install", "gpu", "--program", await executableFile());
    await this.ok("up");
  }

  /** Ends all on both machines, where nothing may be left. */
  async down(): Promise<void> {
    await this.ok("down", "--all");
    assert.deepEqual(this.home.processes(), []);
    await this.there.idle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.home[Symbol.asyncDispose]();
    await this.there[Symbol.asyncDispose]();
  }
}

/** A file system in memory that is full after a few files. */
export class TinyDisk implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Whether this process may mount one. */
  static readonly permitted: boolean = (() => {
    const path = Deno.makeTempDirSync({ prefix: "rbee-mount-" });
    try {
      const mounted = run("mount", "-t", "tmpfs", "-o", "size=256k", "none", path);
      if (mounted) run("umount", path);
      return mounted;
    } finally {
      Deno.removeSync(path);
    }
  })();

  /** Mounts one of so many KiB. */
  static async mount(kibibytes = 256): Promise<TinyDisk> {
    const path = await Deno.makeTempDir({ prefix: "rbee-mount-" });
    if (!run("mount", "-t", "tmpfs", "-o", `size=${kibibytes}k`, "none", path)) {
      await Deno.remove(path);
      throw new Error(`Cannot mount ${path}`);
    }
    return new TinyDisk(path);
  }

  /** Takes all the space that is left. */
  fill(): void {
    using file = Deno.openSync(`${this.path}/filler`, { create: true, write: true });
    const page = new Uint8Array(4096).fill(1);
    try {
      for (;;) file.writeSync(page);
    } catch (error) {
      if (!/No space left/.test(String(error))) throw error;
    }
  }

  /** Gives back what {@linkcode TinyDisk.fill} took. */
  free(): void {
    Deno.removeSync(`${this.path}/filler`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!run("umount", this.path)) throw new Error(`Cannot unmount ${this.path}`);
    await Deno.remove(this.path);
  }
}

/** The name of a test that needs a mount, which says so where it is left out. */
export function mountTest(name: string, fn: () => Promise<void>): Deno.TestDefinition {
  const ignore = !TinyDisk.permitted;
  return { name: ignore ? `SKIPPED, mount is not permitted here: ${name}` : name, ignore, fn };
}

function run(program: string, ...args: string[]): boolean {
  try {
    return new Deno.Command(program, { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

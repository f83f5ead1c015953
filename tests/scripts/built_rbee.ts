import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

/** How a command of the built file ended and what it said. */
export interface BuiltResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** How the built file is started. */
export interface BuiltOptions {
  /** The file, or the name by which PATH has it. Default: where it was built. */
  program?: string;
  /** The whole environment, besides PATH. */
  env: Record<string, string>;
  /** In front of the programs of a bare machine. */
  path?: string;
  cwd?: string;
  stdin?: string;
}

// What a bare machine has, as far as it is used.
const BARE = ["sh", "tar", "gzip", "tail", "uname", "mkdir", "mv", "rm", "ln", "cat", "env"];

/** The portable file, as `deno task build` makes it, and a PATH that holds no Deno. */
export class BuiltRbee implements AsyncDisposable {
  readonly #folder: TemporaryFolder;
  readonly file: string;
  readonly bare: string;
  /** What the build said. */
  readonly said: string;

  private constructor(folder: TemporaryFolder, said: string) {
    this.#folder = folder;
    this.file = folder.join("rbee");
    this.bare = folder.join("bin");
    this.said = said;
  }

  static async make(): Promise<BuiltRbee> {
    const folder = await TemporaryFolder.make();
    const build = fileURLToPath(new URL("../../scripts/build.ts", import.meta.url));
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", build, "--form=portable", `--output=${folder.join("rbee")}`],
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
    const said = new TextDecoder().decode(stderr);
    if (!success) throw new Error(said);
    const built = new BuiltRbee(folder, said);
    await Deno.mkdir(built.bare);
    for (const name of BARE) await Deno.symlink(await programOf(name), `${built.bare}/${name}`);
    return built;
  }

  /** Starts it and lets it run, with both outputs and its standard input as pipes. */
  start(args: string[], options: BuiltOptions): Deno.ChildProcess {
    const { program = this.file, env, path, cwd } = options;
    return new Deno.Command(program, {
      args,
      clearEnv: true,
      env: { PATH: path === undefined ? this.bare : `${path}:${this.bare}`, ...env },
      ...(cwd === undefined ? {} : { cwd }),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  /** Runs it to its end. */
  async run(args: string[], options: BuiltOptions): Promise<BuiltResult> {
    const child = this.start(args, options);
    const input = new Blob([options.stdin ?? ""]).stream().pipeTo(child.stdin).catch((error) => {
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
    });
    const [{ code, stdout, stderr }] = await Promise.all([child.output(), input]);
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#folder[Symbol.asyncDispose]();
  }
}

/** The names in the cache folder of a home; none when there is no such folder. */
export async function cacheOf(home: string): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(`${home}/cache`));
    // Where Deno keeps what it has compiled.
    return entries.map(({ name }) => name).filter((name) => name !== "deno").sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

async function programOf(name: string): Promise<string> {
  for (const folder of ["/usr/bin", "/bin"]) {
    try {
      return `${await Deno.realPath(`${folder}/${name}`)}`;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new Error(`This machine has no ${basename(name)}`);
}

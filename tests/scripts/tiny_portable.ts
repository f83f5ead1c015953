import { packProgram } from "../../scripts/build_portable.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { copyProgram, writeProgram } from "../helpers/written_program.ts";

/** How a start of the portable file ended. */
export interface TinyResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** How the portable file is started. */
export interface TinyOptions {
  /** What is run. Default: the file. */
  command?: readonly [string, ...string[]];
  /** Added to PATH and RBEE_HOME; undefined takes away. */
  env?: Record<string, string | undefined>;
  cwd?: string;
  stdin?: string;
}

/** Stands for Deno: starts, and does what its first argument for the program says. */
const DENO = `#!/bin/sh
[ "$*" = --version ] && exit 0
while [ "\${1##*/}" != main.js ]; do shift; done
program=\${1%/*}
shift
case $1 in
  arguments) printf '%s\\0' "$@" ;;
  environment) env ;;
  input) cat ;;
  exit) exit "$2" ;;
  pid) echo $$ ;;
  where) cat "$program/main.js" ;;
  file) printf '%s' "$RBEE_EXECUTABLE" ;;
esac
`;

/** A portable file of a few bytes, as `deno task build` packs it, with a home of its own. */
export class TinyPortable implements AsyncDisposable {
  readonly #folder: TemporaryFolder;
  readonly file: string;
  readonly home: string;

  private constructor(folder: TemporaryFolder) {
    this.#folder = folder;
    this.file = folder.join("rbee");
    this.home = folder.join("home");
  }

  /**
   * @param deno What is packed as Deno.
   * @param files What is packed beside it, or in the place of what is otherwise.
   */
  static async make(
    deno = DENO,
    files: Record<string, string | Uint8Array> = {},
  ): Promise<TinyPortable> {
    const folder = await TemporaryFolder.make();
    const tiny = new TinyPortable(folder);
    await Deno.mkdir(folder.join("program", "assets"), { recursive: true });
    await writeProgram(folder.join("deno"), deno);
    const packedFiles = {
      "main.js": "the program",
      "deno.json": "{}",
      "assets/model": "a model",
      ...files,
    };
    for (const [name, content] of Object.entries(packedFiles)) {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      await Deno.writeFile(folder.join("program", name), bytes);
    }
    const packed = folder.join("packed");
    await packProgram(folder.join("program"), packed, { deno: folder.join("deno") });
    await copyProgram(packed, tiny.file);
    await Deno.remove(packed);
    return tiny;
  }

  /** The path of `names` beside the file. */
  join(...names: string[]): string {
    return this.#folder.join(...names);
  }

  /** Runs the file, or `command`, to its end. */
  async run(args: string[], options: TinyOptions = {}): Promise<TinyResult> {
    const [program, ...first] = options.command ?? [this.file];
    const env = { PATH: Deno.env.get("PATH")!, RBEE_HOME: this.home, ...options.env };
    const child = new Deno.Command(program, {
      args: [...first, ...args],
      clearEnv: true,
      env: Object.fromEntries(
        Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
      ),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const input = new Blob([options.stdin ?? ""]).stream().pipeTo(child.stdin).catch((error) => {
      // It has ended without reading.
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
    });
    const [{ code, stdout, stderr }] = await Promise.all([child.output(), input]);
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  /** Puts a program in front of those of PATH; gives the environment in which it is found. */
  async fake(name: string, script: string): Promise<Record<string, string>> {
    await Deno.mkdir(this.join("fakes"), { recursive: true });
    await writeProgram(this.join("fakes", name), `#!/bin/sh\n${script}\n`);
    return { PATH: `${this.join("fakes")}:${Deno.env.get("PATH")}` };
  }

  /** Gives the environment in which all that the head needs is found, but for one program. */
  async without(name: string): Promise<Record<string, string>> {
    const folder = this.join(`without ${name}`);
    await Deno.mkdir(folder);
    const needed = ["sh", "tar", "gzip", "tail", "uname", "mkdir", "mv", "rm", "cat"];
    for (const other of needed.filter((each) => each !== name)) {
      await Deno.symlink(await Deno.realPath(`/bin/${other}`), `${folder}/${other}`);
    }
    return { PATH: folder };
  }

  /** The names in the cache folder of its home. */
  async cached(): Promise<string[]> {
    const names: string[] = [];
    for await (const { name } of Deno.readDir(`${this.home}/cache`)) names.push(name);
    return names.sort();
  }

  /** Where it has unpacked itself, last. */
  async program(): Promise<string> {
    return `${this.home}/cache/${(await this.cached()).at(-1)}`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#folder[Symbol.asyncDispose]();
  }
}

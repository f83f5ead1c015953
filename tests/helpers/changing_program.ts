import { shellProgram } from "./shell_program.ts";
import { TemporaryFolder } from "./temporary_folder.ts";

/**
 * A program of POSIX shell that stands before a command in rbee.yaml, and runs it in its own place. What
 * it does before that, and what it adds to the arguments, is another thing from the second start on.
 */
export class ChangingProgram implements AsyncDisposable {
  readonly #folder: TemporaryFolder;
  readonly path: string;

  private constructor(folder: TemporaryFolder, path: string) {
    this.#folder = folder;
    this.path = path;
  }

  /**
   * @param later POSIX shell for each start but the first. `$N` is the number of the start, from 1;
   * `set -- "$@" --flag` adds an argument; `read _ < "$GATE"` waits for {@linkcode release}.
   */
  static async make(later: string): Promise<ChangingProgram> {
    const folder = await TemporaryFolder.make();
    const script = `
      echo >> "$0.starts"
      N=$(wc -l < "$0.starts")
      GATE="$0.gate"
      if [ "$N" -gt 1 ]; then
        ${later}
      fi
      exec "$@"`;
    const path = await shellProgram(folder, "engine", script);
    const made = await new Deno.Command("mkfifo", { args: [`${path}.gate`] }).output();
    if (!made.success) throw new Error("Cannot make a pipe");
    return new ChangingProgram(folder, path);
  }

  /** How often it was started. */
  async starts(): Promise<number> {
    return (await Deno.readTextFile(`${this.path}.starts`)).length;
  }

  /** Lets one start that waits at its gate go on, as soon as it does. */
  async release(): Promise<void> {
    await Deno.writeTextFile(`${this.path}.gate`, "go\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]();
  }
}

import { shellProgram } from "./shell_program.ts";
import { TemporaryFolder } from "./temporary_folder.ts";

/**
 * A program of POSIX shell that stands before a command in rbee.yaml, and runs it in its own place. What
 * it does before that, and what it adds to the arguments, can be another thing at its first start and at
 * those that follow.
 */
export class ChangingProgram implements AsyncDisposable {
  readonly #folder: TemporaryFolder;
  readonly path: string;

  private constructor(folder: TemporaryFolder, path: string) {
    this.#folder = folder;
    this.path = path;
  }

  /**
   * Writes it. In what it does, `$N` is the number of the start, from 1, and `set -- "$@" --flag` adds
   * an argument. `$GATE` is a pipe with a name: `read _ < "$GATE"` waits for {@linkcode release}.
   *
   * @param does.first POSIX shell for the first start; nothing by default.
   * @param does.later The same for each start but the first.
   */
  static async make(does: { first?: string; later?: string }): Promise<ChangingProgram> {
    const { first = ":", later = ":" } = does;
    const folder = await TemporaryFolder.make();
    const script = `
echo >> "$0.starts"
N=$(wc -l < "$0.starts")
GATE="$0.gate"
if [ "$N" -eq 1 ]; then
${first}
else
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

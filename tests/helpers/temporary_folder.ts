import { join } from "node:path";

/** A folder that is removed with everything in it when it is disposed of. */
export class TemporaryFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<TemporaryFolder> {
    return new TemporaryFolder(await Deno.makeTempDir({ prefix: "rbee-test-" }));
  }

  /** The path of `names` in the folder. */
  join(...names: string[]): string {
    return join(this.path, ...names);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

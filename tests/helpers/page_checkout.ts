import { dirname } from "node:path";
import { TemporaryFolder } from "./temporary_folder.ts";

/** A checkout with the smallest page that there can be, which needs no package. */
export class PageCheckout implements AsyncDisposable {
  readonly #folder: TemporaryFolder;

  private constructor(folder: TemporaryFolder) {
    this.#folder = folder;
  }

  static async make(): Promise<PageCheckout> {
    const checkout = new PageCheckout(await TemporaryFolder.make());
    const files = {
      "deno.json": '{"workspace":[]}',
      "deno.lock": '{"version":"5"}',
      "src/contracts/bee.ts": "export const BEES = 7;\n",
      "src/page/main.tsx":
        'import { BEES } from "../contracts/bee.ts";\nconsole.log(`${BEES} bees`);\n',
      "src/page/app.css": "body {\n  margin: 0;\n}\n",
      "src/page/assets/index.html": "<!DOCTYPE html>\n<title>bees</title>\n",
      "src/page/assets/icon.svg": "<svg/>\n",
    };
    for (const [path, text] of Object.entries(files)) await checkout.write(path, text);
    return checkout;
  }

  get root(): string {
    return this.#folder.join("checkout");
  }

  get cache(): string {
    return this.#folder.join("home", "cache");
  }

  async write(path: string, text: string): Promise<void> {
    const file = `${this.root}/${path}`;
    await Deno.mkdir(dirname(file), { recursive: true });
    await Deno.writeTextFile(file, text);
  }

  /** The names in the cache folder; none when there is no such folder. */
  async kept(): Promise<string[]> {
    try {
      return (await Array.fromAsync(Deno.readDir(this.cache))).map(({ name }) => name).sort();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#folder[Symbol.asyncDispose]();
  }
}

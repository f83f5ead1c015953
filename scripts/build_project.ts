import { fileURLToPath } from "node:url";

const ROOT = new URL("../", import.meta.url);

/** The project that is built. */
export const PROJECT = {
  root: fileURLToPath(ROOT),

  /** The path of one of its files. */
  path(name: string): string {
    return fileURLToPath(new URL(name, ROOT));
  },

  /** What one of its files holds, which the caller knows. */
  async json<T>(name: string): Promise<T> {
    return JSON.parse(await Deno.readTextFile(new URL(name, ROOT))) as T;
  },
} as const;

import { createHash } from "node:crypto";
import { join } from "node:path";
import { notBuilt } from "./page_bundle.ts";

/** What the page is made of, relative to the project. */
const SOURCES = ["src/page", "src/contracts", "deno.json", "deno.lock"] as const;

const HASH_DIGITS = 16;

/**
 * Names what the page of a source checkout is made of: the same as long as its files, the contracts
 * that it imports, the versions of its packages and the Deno that bundles it stay the same.
 *
 * @param root The folder of the project.
 * @throws {RbeeError} `page_not_built` If they are not there, or one goes while they are read.
 */
export async function pageSourcesHash(root: string): Promise<string> {
  const hash = createHash("sha256").update(Deno.version.deno);
  try {
    for (const source of SOURCES) {
      for (const path of await filesAt(root, source)) {
        const bytes = await Deno.readFile(join(root, path));
        // With its length, so that no two sets of files can look alike.
        hash.update(`\0${path}\0${bytes.length}\0`).update(bytes);
      }
    }
  } catch (error) {
    throw notBuilt("its sources cannot be read", error);
  }
  return hash.digest("hex").slice(0, HASH_DIGITS);
}

/** The files at and below a path, in the same order everywhere. */
async function filesAt(root: string, path: string): Promise<string[]> {
  if ((await Deno.stat(join(root, path))).isFile) return [path];
  const found: string[] = [];
  for await (const { name } of Deno.readDir(join(root, path))) {
    found.push(...await filesAt(root, `${path}/${name}`));
  }
  return found.sort();
}

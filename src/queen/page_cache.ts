import { join } from "node:path";
import { messageOf } from "../base/rbee_error.ts";
import { ensureFolder } from "../config/paths.ts";
import { narrate } from "../narration/narrate.ts";
import { type BundleOptions, bundlePage, nameOf, notBuilt, PAGE_FILES } from "./page_bundle.ts";

/** Where a page that was made is kept, and what it is made of. */
export interface KeptPage {
  /** The folder of the project. */
  root: string;
  /** The cache folder of this home. */
  cache: string;
  /** As `pageSourcesHash` gives it. */
  hash: string;
}

/** Where `deno task page` puts the page, relative to the project. */
export const MADE_PAGE = "dist/page";
/** The file in that folder that says what it was made of. */
export const MADE_OF = "made_of";

const PREFIX = "page-";

/**
 * The folder that holds the page of a source checkout: what `deno task page` has made, if it is of these
 * sources, or what this home keeps of them, which is made if it is not there. It gets its name when it
 * is whole; others that were kept are removed, as far as can be. To be called by one at a time.
 *
 * @throws {RbeeError} `page_not_built` If it cannot be made or written.
 * @throws {unknown} If `signal` aborts: its reason. Nothing is left of what was under way.
 */
export async function pageFolder(page: KeptPage, options: BundleOptions = {}): Promise<string> {
  const { root, cache, hash } = page;
  const made = join(root, MADE_PAGE);
  if (await textOf(join(made, MADE_OF)) === hash && await isWhole(made)) return made;
  const name = PREFIX + hash;
  const folder = join(cache, name);
  if (!await isWhole(folder)) {
    const building = await emptyFolder(cache, name);
    try {
      await bundlePage(root, building, options);
      await replaceFolder(building, folder);
    } finally {
      await tidyAway(building);
    }
  }
  await removeOthers(cache, name);
  return folder;
}

/** Gives a folder its name; what had it is removed. */
export async function replaceFolder(folder: string, name: string): Promise<void> {
  try {
    await removeFolder(name);
    await Deno.rename(folder, name);
  } catch (error) {
    throw cannotKeep(error);
  }
}

async function emptyFolder(cache: string, name: string): Promise<string> {
  try {
    await ensureFolder(cache);
    return await Deno.makeTempDir({ dir: cache, prefix: `${name}-` });
  } catch (error) {
    throw cannotKeep(error);
  }
}

/** Those of other sources, and what a queen has left who was killed at it. */
async function removeOthers(cache: string, name: string): Promise<void> {
  try {
    for await (const entry of Deno.readDir(cache)) {
      if (entry.name.startsWith(PREFIX) && entry.name !== name) {
        await tidyAway(join(cache, entry.name));
      }
    }
  } catch (error) {
    // Where there is none, the page comes from elsewhere.
    if (!(error instanceof Deno.errors.NotFound)) tellLeft(error);
  }
}

/** Removes what is in nobody's way if it stays. */
async function tidyAway(folder: string): Promise<void> {
  await removeFolder(folder).catch(tellLeft);
}

function tellLeft(error: unknown): void {
  narrate("page_bundle", `Pages of before cannot be removed: ${messageOf(error)}`, {
    level: "warn",
  });
}

async function isWhole(folder: string): Promise<boolean> {
  const names = new Set(Object.keys(PAGE_FILES));
  try {
    for await (const { name } of Deno.readDir(folder)) names.add(name);
  } catch {
    // Whatever hinders to read it, it must be made.
    return false;
  }
  const files = await Promise.all([...names].map((name) => isThere(join(folder, name))));
  return files.every(Boolean);
}

async function isThere(path: string): Promise<boolean> {
  try {
    const { isFile, size } = await Deno.stat(path);
    // Power that goes may leave a name without its bytes.
    return isFile && size > 0;
  } catch {
    // Whatever hinders to read it, it must be made.
    return false;
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return (await Deno.readTextFile(path)).trim();
  } catch {
    // Nobody has made one, or not whole.
    return undefined;
  }
}

async function removeFolder(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

// Without its path, which is nobody's business who only looks at the page.
function cannotKeep(error: unknown): Error {
  const { cause } = error as { cause?: unknown };
  const from = cause instanceof Error ? cause : error;
  return notBuilt(
    `the folder where it is kept cannot be written (${nameOf(from)})`,
    error,
    "rbee queen logs shows which; mend that and load the page again",
  );
}

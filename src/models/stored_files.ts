import { join } from "node:path";
import { firstPartOf, partsOf } from "./choose_files.ts";
import { isPrintable } from "./model_ref.ts";
import { PartFile } from "./part_file.ts";

// What file systems take is 255, of which `.part.json.new` needs some, and 4,096 with the store's folder.
const MAX_NAME_BYTES = 240;
const MAX_PATH_BYTES = 2048;

/** The files of a model as they lie in a store. */
export interface StoredFiles {
  /** What it is called: `hf:org/repo:file.gguf`, or its address. */
  name: string;
  /** In order, relative to the store's folder; those that are there, or have begun to come. */
  files: { path: string; bytes: number }[];
  /** Whether all of it is there. */
  isWhole: boolean;
}

/** The folder of a hub's repository in a store. */
export function hubFolder(repo: string): string {
  return `hf/${repo}`;
}

/** Where the file of an address lies in a store. What tells two addresses apart, tells these apart. */
export function urlPath(url: URL): string {
  const parts = url.pathname.split("/").filter((part) => part !== "");
  const file = parts.pop()!;
  // The path of an address never holds a question mark as it is.
  const query = url.search === "" ? [] : [`?${encodeURIComponent(url.search.slice(1))}`];
  return ["url", url.protocol.slice(0, -1), url.host, ...parts, ...query, file].join("/");
}

/** What a model is called whose first file lies at `path`; undefined where no model should. */
export function nameOfPath(path: string): string | undefined {
  const [kind, first, second, ...rest] = path.split("/");
  if (rest.length === 0) return undefined;
  if (kind === "hf") return `hf:${first}/${second}:${rest.join("/")}`;
  if (kind !== "url") return undefined;
  const query = rest.at(-2)?.startsWith("?") ? decoded(rest.splice(-2, 1)[0]!) : "";
  return `${first}://${second}/${rest.join("/")}${query}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not of our making; it can be listed, and removed, all the same.
    return text;
  }
}

/** Whether a path from elsewhere stays in the store, and names what belongs there. */
export function isStorePath(path: string): boolean {
  const parts = path.split("/");
  return /\.gguf$/i.test(path) && nameOfPath(path) !== undefined && parts.length <= 40 &&
    parts.every(isFileName) && !parts.slice(0, -1).some(isPartName) &&
    bytesOf(path) <= MAX_PATH_BYTES;
}

function isFileName(part: string): boolean {
  return part !== "" && bytesOf(part) <= MAX_NAME_BYTES && isPrintable(part) &&
    !part.includes("\\") && !/^\.{1,2}$/.test(part);
}

/** Whether a folder has the name that the files of a download have. */
function isPartName(folder: string): boolean {
  return /\.gguf\.part(\.json(\.new)?)?$/i.test(folder);
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** The models in a store's folder, by name. None where there is no such folder. */
export async function listStoredFiles(folder: string): Promise<StoredFiles[]> {
  const whole = new Map<string, number>();
  const begun = new Map<string, number>();
  for await (const path of walk(folder, "")) {
    if (/\.gguf$/i.test(path)) {
      const bytes = await fileSizeOf(join(folder, path));
      if (bytes !== undefined) whole.set(path, bytes);
    } else if (/\.gguf\.part$/i.test(path)) {
      const own = path.slice(0, -".part".length);
      begun.set(own, await PartFile.bytesOf(join(folder, own)));
    }
  }
  const firsts = new Set([...whole.keys(), ...begun.keys()].map(firstPartOf));
  return [...firsts].sort().flatMap((first) => {
    const name = nameOfPath(first);
    if (name === undefined) return [];
    const parts = partsOf(first);
    const files = parts.flatMap((path) => {
      const bytes = whole.get(path) ?? begun.get(path);
      return bytes === undefined ? [] : [{ path, bytes }];
    });
    return [{ name, files, isWhole: parts.every((path) => whole.has(path)) }];
  });
}

async function* walk(root: string, folder: string): AsyncGenerator<string, void, void> {
  const entries: Deno.DirEntry[] = [];
  try {
    for await (const entry of Deno.readDir(join(root, folder))) entries.push(entry);
  } catch (error) {
    // Not made yet, or removed while we looked.
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  for (const { name, isDirectory } of entries) {
    const path = folder === "" ? name : `${folder}/${name}`;
    if (isDirectory) yield* walk(root, path);
    else yield path;
  }
}

/**
 * The size of a file, links followed; undefined where there is none: a link may lead in a circle or to
 * nothing, and what is no file, such as a pipe, may let nobody go who opens it.
 */
export async function fileSizeOf(path: string): Promise<number | undefined> {
  try {
    const { isFile, size } = await Deno.stat(path);
    return isFile ? size : undefined;
  } catch (error) {
    const isNone = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.FilesystemLoop;
    if (isNone) return undefined;
    throw error;
  }
}

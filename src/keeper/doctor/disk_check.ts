import { statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Check, Finding } from "./finding.ts";

const NAME = "disk";
// Below this no model of any use fits; below that not even logs do.
const LITTLE_BYTES = 5e9;
const FULL_BYTES = 2e8;

/** What the data folder (models and the journal) holds, and what its disk has free. */
export const diskCheck: Check = {
  name: NAME,
  async look({ settings: { paths: { data } }, signal }) {
    const [usedBytes, freeBytes] = await Promise.all([sizeOf(data, signal), freeBytesAt(data)]);
    return [diskFinding(data, { usedBytes, freeBytes })];
  },
};

/** What is to be said of a data folder of so many bytes, on a disk with so many free. */
export function diskFinding(
  data: string,
  { usedBytes, freeBytes }: { usedBytes: number; freeBytes: number },
): Finding {
  const message = `${data} holds ${gigabytes(usedBytes)}; ${gigabytes(freeBytes)} are free`;
  if (freeBytes >= LITTLE_BYTES) return { name: NAME, status: "ok", message };
  const status = freeBytes < FULL_BYTES ? "failed" : "warning";
  return { name: NAME, status, message, next: "make room, or set RBEE_HOME to a larger disk" };
}

/** What the files in a folder hold, in bytes. Links are not followed. */
async function sizeOf(folder: string, signal: AbortSignal): Promise<number> {
  let bytes = 0;
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      signal.throwIfAborted();
      const path = join(folder, name);
      bytes += isDirectory ? await sizeOf(path, signal) : (await Deno.lstat(path)).size;
    }
  } catch (error) {
    // Not made yet, or removed while we looked.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return bytes;
}

/** What this user may still write on the disk that `path` is, or would be, on. */
async function freeBytesAt(path: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch (error) {
    if (dirname(path) === path) throw error;
    return await freeBytesAt(dirname(path));
  }
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

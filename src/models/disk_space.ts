import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { cannotWrite } from "../base/file_error.ts";
import { messageOf, RbeeError } from "../base/rbee_error.ts";
import { inWords } from "./memory_fit.ts";

// For what others write meanwhile, and for the journals.
const SPARE_BYTES = 16 * 1024 * 1024;
const MAKE_ROOM =
  "make room, remove a model (rbee model list), or set RBEE_HOME to a folder on a larger disk";

/** What this user may still write on the disk that `path` is, or would be, on, in bytes. */
export async function freeDiskBytes(path: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch (error) {
    if (dirname(path) === path) throw error;
    return await freeDiskBytes(dirname(path));
  }
}

/**
 * Resolves when there is room for so many bytes more, and 16 MiB beside them.
 *
 * @throws {RbeeError} `disk_full` If there is not.
 */
export async function requireDiskSpace(
  folder: string,
  need: { name: string; bytes: number },
): Promise<void> {
  if (need.bytes === 0) return;
  const free = await freeDiskBytes(folder);
  if (free >= need.bytes + SPARE_BYTES) return;
  throw new RbeeError(
    "disk_full",
    `Cannot store ${need.name}: ${inWords(need.bytes, Math.ceil)} are to come and ${
      inWords(free, Math.floor)
    } are free in ${folder}, of which ${inWords(SPARE_BYTES)} stay free; ${MAKE_ROOM}`,
    { details: { needed_bytes: need.bytes, free_bytes: free } },
  );
}

/** The error for a file of the store that cannot be written, as a person reads it. */
export function diskError(path: string, cause: unknown): RbeeError {
  if (cause instanceof RbeeError) return cause;
  // ENOSPC and EDQUOT, then EEXIST, ENOTDIR, EISDIR and ENAMETOOLONG; Deno has no classes for them.
  const text = String(cause);
  if (/os error (28|122)\b/.test(text)) {
    return new RbeeError("disk_full", `No space is left for ${path}; ${MAKE_ROOM}`, { cause });
  }
  if (/os error (17|20|21|36)\b/.test(text)) {
    return new RbeeError(
      "cannot_write",
      `Cannot write ${path}: ${
        messageOf(cause)
      }; a file of another model is in its place (see rbee model list), or its name is too long for this disk`,
      { cause },
    );
  }
  if (cause instanceof Deno.errors.NotFound) {
    return new RbeeError("model_not_found", `${path} was removed while it came; try again`, {
      cause,
    });
  }
  return cannotWrite(path, cause);
}

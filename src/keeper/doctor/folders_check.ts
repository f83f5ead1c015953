import { dirname, join } from "node:path";
import { messageOf } from "../../base/rbee_error.ts";
import type { Check, Finding } from "./finding.ts";

const NAME = "folders";

/** Whether the folders of this home can be written, or made where they are not there yet. */
export const foldersCheck: Check = {
  name: NAME,
  async look({ settings: { paths } }) {
    const { config, state, data, cache } = paths;
    const found = await Promise.all(
      Object.entries({ config, state, data, cache }).map(([what, path]) => tryFolder(what, path)),
    );
    const failed = found.filter((finding) => finding !== undefined);
    if (failed.length > 0) return failed;
    return [{ name: NAME, status: "ok", message: `The folders can be written (state: ${state})` }];
  },
};

async function tryFolder(what: string, path: string): Promise<Finding | undefined> {
  const folder = await nearestThatExists(path);
  const probe = join(folder, `.rbee-doctor-${crypto.randomUUID()}`);
  try {
    // Permissions alone do not tell of a disk that is full or read-only.
    await Deno.writeTextFile(probe, "rbee\n", { createNew: true, mode: 0o600 });
    await Deno.remove(probe);
    return undefined;
  } catch (error) {
    return {
      name: NAME,
      status: "failed",
      message: `The ${what} folder ${path} cannot be written: ${messageOf(error)}`,
      next: `chmod u+rwx ${folder}, or set RBEE_HOME to a folder that you can write`,
    };
  }
}

async function nearestThatExists(path: string): Promise<string> {
  for (let folder = path;; folder = dirname(folder)) {
    try {
      await Deno.lstat(folder);
      return folder;
    } catch {
      // What cannot be looked at counts as missing; the attempt to write above it says why.
      if (folder === dirname(folder)) return folder;
    }
  }
}

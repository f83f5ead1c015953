import { FORM, versionLine } from "../../version.ts";
import type { Check } from "./finding.ts";

// The first minor version that has all that is used.
const OLDEST_DENO = [2, 9] as const;

/** What rbee this is, and by which Deno it runs. */
export const formCheck: Check = {
  name: "rbee",
  look() {
    const { deno } = Deno.version;
    const message = `rbee ${versionLine()} runs with Deno ${deno}`;
    if (FORM !== "source" || isAtLeast(deno, OLDEST_DENO)) {
      return Promise.resolve([{ name: "rbee", status: "ok", message }]);
    }
    return Promise.resolve([{
      name: "rbee",
      status: "warning",
      message: `${message}, which is too old`,
      next: "deno upgrade",
    }]);
  },
};

/** Whether a version is of at least this major and minor version. */
export function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split(".").map(Number);
  return ownMajor > major || ownMajor === major && ownMinor >= minor;
}

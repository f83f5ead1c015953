import type { TemporaryFolder } from "./temporary_folder.ts";

/** Writes an executable of POSIX shell into `folder` and gives its path. */
export async function shellProgram(
  folder: TemporaryFolder,
  name: string,
  script: string,
): Promise<string> {
  const path = folder.join(name);
  await Deno.writeTextFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}

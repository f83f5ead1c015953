import type { TemporaryFolder } from "./temporary_folder.ts";
import { writeProgram } from "./written_program.ts";

/** Writes an executable of POSIX shell into `folder` and gives its path. */
export async function shellProgram(
  folder: TemporaryFolder,
  name: string,
  script: string,
): Promise<string> {
  const path = folder.join(name);
  await writeProgram(path, `#!/bin/sh\n${script}\n`);
  return path;
}

import { FORM } from "../version.ts";

/**
 * The one file that is this program, absolute and without links: what another machine has to be given
 * to have it too. Undefined when it is run from source, which is no such file, when the portable file
 * has been moved or deleted since its start, and in a role that another process of this program
 * started, since nobody tells it.
 */
export function ownExecutable(): string | undefined {
  switch (FORM) {
    case "compiled":
      return Deno.execPath();
    case "portable":
      // Deno is a part of what has been unpacked. The head of the file knows where that lies.
      return fileAt(Deno.env.get("RBEE_EXECUTABLE"));
    case "source":
      return undefined;
  }
}

function fileAt(path: string | undefined): string | undefined {
  if (!path) return undefined;
  try {
    return Deno.statSync(path).isFile ? Deno.realPathSync(path) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return undefined;
    }
    throw error;
  }
}

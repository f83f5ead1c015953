import { messageOf, RbeeError } from "../base/rbee_error.ts";

const NEW_LINE = 0x0a;

/**
 * The text of a file of settings, which is UTF-8; undefined where there is none.
 *
 * @throws {RbeeError} `bad_config` If it is a folder, cannot be read, or holds bytes that are no UTF-8.
 */
export async function readYamlText(path: string): Promise<string | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw cannotRead(path, error);
  }
  const text = decode(bytes);
  if (text !== undefined) return text;
  throw new RbeeError(
    "bad_config",
    `Cannot read ${path}: line ${
      firstBadLine(bytes)
    } is no text in UTF-8; save the file as UTF-8, then rbee config check`,
  );
}

function cannotRead(path: string, cause: unknown): RbeeError {
  const why = cause instanceof Deno.errors.IsADirectory
    ? "it is a folder; move it away, and write the settings into a file of that name"
    : cause instanceof Deno.errors.PermissionDenied
    ? "you may not; make it yours with chown, or readable with chmod u+r"
    : `${messageOf(cause)}; see what ls -l ${path} says`;
  return new RbeeError("bad_config", `Cannot read ${path}: ${why}`, { cause });
}

/** Undefined where the bytes are no UTF-8. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Counts from 1. No character of UTF-8 but the new line itself holds its byte. */
function firstBadLine(bytes: Uint8Array): number {
  for (let line = 1, begin = 0;; line++) {
    const end = bytes.indexOf(NEW_LINE, begin);
    if (end < 0 || decode(bytes.subarray(begin, end)) === undefined) return line;
    begin = end + 1;
  }
}

import { dirname } from "node:path";
import { fstatSync } from "node:fs";
import { messageOf, RbeeError } from "../base/rbee_error.ts";

const OTHERS_READ = 0o044;

/** A file that was made for a secret and does not hold it yet. */
export interface SecretFile extends Disposable {
  /** Writes the secret as one line. Without it the file is removed when this is disposed of. */
  write(secret: string): void;
}

/**
 * Makes a file that its owner alone can read, before there is a secret for it. One that is there and
 * empty gives way, as of `mktemp`: whoever has it open sees nothing of the secret.
 *
 * @throws {RbeeError} `usage` If there is another file of that name, or none can be made there.
 */
export function makeSecretFile(path: string): SecretFile {
  const file = open(path);
  let isWritten = false;
  return {
    write(secret) {
      const bytes = new TextEncoder().encode(`${secret}\n`);
      for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
      isWritten = true;
    },
    [Symbol.dispose]() {
      file.close();
      if (!isWritten) Deno.removeSync(path);
    },
  };
}

/** Whether standard output is a file that more than its owner can read. */
export function othersReadStandardOutput(): boolean {
  const output = fstatSync(1);
  return output.isFile() && (output.mode & OTHERS_READ) !== 0;
}

function open(path: string): Deno.FsFile {
  try {
    const there = lstat(path);
    if (there !== undefined) {
      if (!there.isFile || there.size > 0) {
        throw new RbeeError("usage", `There is ${path} already; remove it, or name another file`);
      }
      Deno.removeSync(path);
    }
    return Deno.openSync(path, { write: true, createNew: true, mode: 0o600 });
  } catch (error) {
    if (error instanceof RbeeError) throw error;
    throw new RbeeError(
      "usage",
      `Cannot write ${path}: ${messageOf(error)}; name a file in a folder where you can write (${
        dirname(path)
      } is none)`,
      { cause: error },
    );
  }
}

function lstat(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

import { RbeeError } from "../base/rbee_error.ts";
import { nameOfFile, type RemoteFile } from "./remote_file.ts";

const MAGIC = new TextEncoder().encode("GGUF");

/**
 * Passes the bytes of a file on, from its begin, once its first four are those of a GGUF file. Of one
 * that ends before them nothing can be told; what came is passed on.
 *
 * @throws {RbeeError} `not_gguf` If they are others.
 */
export async function* readGgufBegin(
  bytes: AsyncIterable<Uint8Array>,
  file: RemoteFile,
): AsyncGenerator<Uint8Array, void, void> {
  let head: Uint8Array | undefined = new Uint8Array();
  for await (const chunk of bytes) {
    if (head === undefined) {
      yield chunk;
      continue;
    }
    const begin: Uint8Array = new Uint8Array(head.length + chunk.length);
    begin.set(head);
    begin.set(chunk, head.length);
    head = begin;
    if (!MAGIC.every((byte, index) => index >= begin.length || begin[index] === byte)) {
      throw notGguf(file);
    }
    if (begin.length < MAGIC.length) continue;
    head = undefined;
    yield begin;
  }
  if (head !== undefined && head.length > 0) yield head;
}

/** The error for a file that is something else. */
export function notGguf(file: RemoteFile): RbeeError {
  const { host } = new URL(file.url);
  return new RbeeError(
    "not_gguf",
    `What ${host} sends as ${
      nameOfFile(file)
    } is not a GGUF file (it does not begin with GGUF); check the address`,
  );
}

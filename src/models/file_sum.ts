import { createHash } from "node:crypto";

const BLOCK_BYTES = 1024 * 1024;

/**
 * The SHA-256 of a file in hexadecimal.
 *
 * @param options.onBytes Told how many bytes have been read, after each MiB.
 * @throws {unknown} If the file cannot be read; if `signal` aborts, its reason.
 */
export async function sumOfFile(
  path: string,
  options: { signal?: AbortSignal; onBytes?: (bytes: number) => void } = {},
): Promise<string> {
  const hash = createHash("sha256");
  using file = await Deno.open(path);
  const block = new Uint8Array(BLOCK_BYTES);
  let bytes = 0;
  for (;;) {
    options.signal?.throwIfAborted();
    const read = await file.read(block);
    if (read === null) return hash.digest("hex");
    hash.update(block.subarray(0, read));
    options.onBytes?.(bytes += read);
  }
}

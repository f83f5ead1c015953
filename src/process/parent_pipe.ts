/**
 * Resolves when the pipe at standard input closes, which happens when the parent ends, however it
 * ends. What arrives on it is thrown away.
 */
export async function parentPipeClosed(): Promise<void> {
  const buffer = new Uint8Array(1024);
  try {
    while (await Deno.stdin.read(buffer) !== null) {
      // Nothing is expected here.
    }
  } catch {
    // A broken pipe is a closed pipe.
  }
}

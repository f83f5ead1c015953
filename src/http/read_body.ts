/**
 * Reads a body piece by piece. When `signal` aborts, the body is cancelled, which closes its
 * connection, and the reading ends at once. Cancels it too when the reader stops early.
 *
 * The signal that `fetch` was given does not do this reliably: once the answer has begun Deno holds it
 * weakly, and after a garbage collection its abort no longer reaches the body.
 *
 * @throws {unknown} If `signal` aborts: its reason. If the body breaks: its error.
 */
export async function* readBody(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  const reader = body.getReader();
  // A body that is broken cannot be cancelled, and need not be.
  const cancel = () => reader.cancel(signal.reason).catch((error: unknown) => error);
  signal.addEventListener("abort", cancel, { once: true });
  try {
    for (;;) {
      signal.throwIfAborted();
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) return;
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", cancel);
    await cancel();
  }
}

/** UTF-8 bytes of `text`. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** A body that gives `chunks` one by one and tells whether its reader cancelled it. */
export function bodyOf(
  chunks: readonly Uint8Array[],
): { body: ReadableStream<Uint8Array>; cancelled: () => boolean } {
  const left = [...chunks];
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = left.shift();
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
    cancel() {
      cancelled = true;
    },
  });
  return { body, cancelled: () => cancelled };
}

/** Cuts `bytes` before each of `places`, whatever their order; places outside are passed over. */
export function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const inside = places.filter((place) => place > 0 && place < bytes.length);
  const sorted = [...new Set(inside)].sort((a, b) => a - b);
  const chunks: Uint8Array[] = [];
  let from = 0;
  for (const place of [...sorted, bytes.length]) {
    chunks.push(bytes.subarray(from, place));
    from = place;
  }
  return chunks;
}

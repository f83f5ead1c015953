import type { Worker } from "./worker.ts";

/**
 * What of the memory that the machine counts as free is not to be had for a worker of `model`, in bytes:
 * what others are about to take, and the files that they have mapped, each once. That of its own model
 * it would share.
 */
export function reservedBytes(
  workers: readonly Pick<Worker, "spec" | "state" | "memory">[],
  model: string,
): number {
  const mapped = new Map<string, number>();
  let reserved = 0;
  for (const { spec, state, memory } of workers) {
    if (state !== "loading" && state !== "ready") continue;
    if (state === "loading") reserved += memory.neededBytes - memory.mappedBytes;
    mapped.set(spec.model, Math.max(mapped.get(spec.model) ?? 0, memory.mappedBytes));
  }
  mapped.delete(model);
  return reserved + [...mapped.values()].reduce((sum, bytes) => sum + bytes, 0);
}

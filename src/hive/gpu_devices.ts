import type { DeviceInfo } from "../contracts/device.ts";
import type { ProbedDevices } from "../contracts/probe.ts";
import type { NvidiaCard } from "./nvidia_smi.ts";

/**
 * The GPUs that a worker can use: those that llama.cpp sees, each with what nvidia-smi tells of the
 * same card. Without it the free memory is null: what llama.cpp saw when it was asked is long past.
 */
export function gpuDevices(seen: ProbedDevices, cards: readonly NvidiaCard[]): DeviceInfo[] {
  const { backend } = seen;
  if (backend === "cpu") return [];
  const left = [...cards];
  return seen.devices.flatMap(({ name, total_bytes }, index): DeviceInfo[] => {
    // Metal is one device, whatever it is made of.
    if (backend === "metal" && index > 0) return [];
    const at = left.findIndex((card) =>
      sameName(card.name, name) && (backend !== "cuda" || card.index === index)
    );
    const [card] = at === -1 ? [] : left.splice(at, 1);
    return [{
      device: backend === "metal" ? "metal" : `${backend}:${index}`,
      kind: backend,
      name: card?.name ?? name,
      total_bytes: card?.totalBytes ?? total_bytes,
      free_bytes: card?.freeBytes ?? null,
    }];
  });
}

/** The driver says "NVIDIA" before the name of each card, which not every version of CUDA does. */
function sameName(one: string, other: string): boolean {
  const bare = (name: string) => name.replace(/^NVIDIA /, "").toLowerCase();
  return bare(one) === bare(other);
}

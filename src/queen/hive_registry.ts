import { delay } from "../base/delay.ts";
import { RbeeError } from "../base/rbee_error.ts";
import { SlotQueue } from "../base/slot_queue.ts";
import { addHive, removeHive } from "../config/hive_entries.ts";
import type { Paths } from "../config/paths.ts";
import type { HiveInfo } from "../contracts/hive.ts";
import { hiveAddSchema, hiveRemoveSchema } from "../contracts/hive_address.ts";
import { hiveGetSchema } from "../contracts/operation.ts";
import { operation, type OperationHandlers } from "../jobs/operation_handler.ts";
import { narrate } from "../narration/narrate.ts";
import { parseDestination } from "../ssh/destination.ts";
import type { Hives } from "./hives.ts";
import { hiveInfo, type KnownHive } from "./known_hive.ts";
import { ASK_AGAIN_MS } from "./place_patiently.ts";

const LIMIT = { kind: "total", ms: 30_000 } as const;
const CONNECT_MS = 20_000;

/** The operations by which hives of other machines come, go and are shown. */
export function hiveRegistryOperations(hives: Hives, paths: Paths): OperationHandlers {
  // One writer of rbee.yaml at a time.
  const file = new SlotQueue(["rbee.yaml"]);
  const alone = async <T>(signal: AbortSignal, write: () => Promise<T>): Promise<T> => {
    const turn = await file.acquire({ signal, onPlace: () => {} });
    try {
      return await write();
    } finally {
      file.release(turn);
    }
  };
  return {
    hive_get: operation(hiveGetSchema, LIMIT, async ({ name, wait }, { signal }) => {
      const deadlineMs = performance.now() + (wait ? CONNECT_MS : 0);
      let hive = found(await hives.ask(name), name);
      while (hive.state !== "connected" && performance.now() < deadlineMs) {
        await delay(ASK_AGAIN_MS, { signal });
        hive = found(await hives.ask(name), name);
      }
      return { result: { hive } };
    }),
    hive_add: operation(hiveAddSchema, LIMIT, async (request, job) => {
      const { operation: _operation, name, replace, ...address } = request;
      if (address.ssh !== undefined) parseDestination(address.ssh);
      await alone(job.signal, () => addHive(paths, name, address, { replace }));
      if (replace) await hives.remove(name);
      hives.add(name, address);
      narrate("hive_add", `Added hive ${name} at ${address.ssh ?? address.url}`, {
        fields: { hive: name },
      });
      const hive = found(await hives.ask(name), name);
      narrate(
        "hive_add",
        hive.state === "connected"
          ? `Hive ${name} is connected, version ${hive.version}`
          : `Hive ${name} is not connected yet: ${hive.error ?? hive.state}`,
        { fields: { hive: name, state: hive.state } },
      );
      return { result: { hive } };
    }),
    hive_remove: operation(hiveRemoveSchema, LIMIT, async ({ name }, job) => {
      const hive = found(hives.known(), name);
      await alone(job.signal, () => removeHive(paths, name));
      await hives.remove(name);
      narrate(
        "hive_remove",
        `Removed hive ${name}; what runs there goes on`,
        {
          fields: { hive: name },
        },
      );
      return { result: { hive } };
    }),
  };
}

function found(known: readonly KnownHive[], name: string): HiveInfo {
  const hive = known.find((each) => each.name === name);
  if (hive !== undefined) return hiveInfo(hive);
  const names = known.map((each) => each.name).join(", ") || "none";
  throw new RbeeError(
    "hive_not_found",
    `There is no hive "${name}" (known: ${names}); see rbee hive list`,
  );
}

import type { DeviceInfo } from "../../contracts/device.ts";
import { bytesText } from "../quantities.ts";
import { memoryName, usedMemory } from "./hive_words.ts";

/** Above it a bar warns: hardly another model fits. */
const NEARLY_FULL = 0.9;

/** A device with its name, and how much of its memory is used, as a bar and in words. */
export function DeviceMemory({ device }: { device: DeviceInfo }) {
  const memory = usedMemory(device);
  const kindOfMemory = memoryName(device);
  return (
    <li>
      <p class="device-name">
        <b>{device.device}</b> <span class="muted">{device.name}</span>
      </p>
      {memory === undefined
        ? <p class="muted">How much {kindOfMemory} it has free is not known.</p>
        : (
          <>
            <meter
              aria-label={`Used ${kindOfMemory} of ${device.device}`}
              min={0}
              max={memory.total}
              low={memory.total * NEARLY_FULL}
              high={memory.total * NEARLY_FULL}
              optimum={0}
              value={memory.used}
            />
            <p class="muted">
              {bytesText(memory.used)} of {bytesText(memory.total)} {kindOfMemory} used
              {device.limit_bytes !== undefined && ", which is what its container may use"}
            </p>
          </>
        )}
    </li>
  );
}

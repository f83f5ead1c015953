import type { NarrationLevel } from "../contracts/narration_record.ts";

const RANK: Record<NarrationLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Whether narration of `level` is shown where `minimum` is the least level shown. */
export function isShown(level: NarrationLevel, minimum: NarrationLevel): boolean {
  return RANK[level] >= RANK[minimum];
}

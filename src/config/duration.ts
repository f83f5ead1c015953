import { z } from "zod";

const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(?:\d{1,20}(?:\.\d{1,20})?(?:ms|s|m|h|d))+$/;
const PART = /(\d{1,20}(?:\.\d{1,20})?)(ms|s|m|h|d)/g;
const MAX_MS = 365 * 86_400_000;
const EXPECTED = "must be a time such as 90s, 5m or 1h, or 0";

/**
 * A length of time as people write it, in milliseconds when it is read: `90s`, `5m`, `1h30m`, `0`. A
 * number without a unit is seconds. At most a year.
 */
export const durationSchema = z.union([z.string(), z.number()], EXPECTED).transform(
  (given, context) => {
    const ms = typeof given === "number" ? given * 1000 : parseDuration(given);
    if (ms !== undefined && Number.isFinite(ms) && ms >= 0 && ms <= MAX_MS) return Math.round(ms);
    context.addIssue({ code: "custom", message: EXPECTED });
    return z.NEVER;
  },
);

function parseDuration(text: string): number | undefined {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (!DURATION.test(text)) return undefined;
  let ms = 0;
  for (const [, count, unit] of text.matchAll(PART)) ms += Number(count) * UNIT_MS[unit!]!;
  return ms;
}

/** A time as it is said: `5 min`, `90 s`, `1 h 30 min`, `0.4 s`. */
export function describeDuration(ms: number): string {
  if (ms < 10_000) return `${Math.round(ms / 100) / 10} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  return rest === 0 ? `${hours} h` : `${hours} h ${rest} min`;
}

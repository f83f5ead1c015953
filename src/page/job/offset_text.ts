import { durationText } from "../quantities.ts";

/** How long after the begin of a job something was, to the millisecond in its first minute: `+1.043 s`. */
export function offsetText(ms: number): string {
  const sign = ms < 0 ? "-" : "+";
  const span = Math.abs(ms);
  const isExact = span >= 999.5 && span < 59_999.5;
  return `${sign}${isExact ? `${(span / 1000).toFixed(3)} s` : durationText(span)}`;
}

import { quantile } from "./quantiles.ts";
import type { BenchRow } from "./table.ts";

/** What requests over one way took, in milliseconds. */
export interface AddedTimes {
  /** Until the first token. */
  first: number[];
  /** A token after it. */
  token: number[];
}

/** A way's times, and what they are above those of the direct way. */
export function addedRow(name: string, times: AddedTimes, direct: AddedTimes): BenchRow {
  return {
    name,
    ...columns("first token", times.first, direct.first),
    ...columns("a token", times.token, direct.token),
  };
}

function columns(name: string, values: number[], base: number[]) {
  return {
    [`${name}, median`]: quantile(values, 0.5).toFixed(2),
    [`${name}, p99`]: quantile(values, 0.99).toFixed(2),
    [`${name}, added`]: (quantile(values, 0.5) - quantile(base, 0.5)).toFixed(2),
    [`${name}, added at p99`]: (quantile(values, 0.99) - quantile(base, 0.99)).toFixed(2),
  };
}

import type { HiveSample, Sample } from "../../contracts/watch.ts";

/** How far back a chart shows, in seconds. */
export const CHART_SECONDS = 15 * 60;

// Three samples' time: what is longer was a silence, over which no line is drawn.
const SILENCE_SECONDS = 15;

/** A column of a chart; null where nothing is known. */
export type Column = readonly (number | null)[];

/** One hive's samples, as columns of the same length. */
export interface ChartColumns {
  /** When, in seconds since 1970, ascending. */
  seconds: readonly number[];
  tokensPerSecond: Column;
  running: Column;
  waiting: Column;
  memory: Column;
  vram: Column;
}

/** Brings one hive's samples into columns, with a hole wherever it, or the queen, was away. */
export function chartColumns(samples: readonly Sample[], hive: string): ChartColumns {
  const seconds: number[] = [];
  const rows: (HiveSample | undefined)[] = [];
  for (const { at, hives } of samples) {
    const second = Date.parse(at) / 1000;
    const last = seconds.at(-1);
    if (last !== undefined && second <= last) {
      // The queen's clock was set back: a chart can show one of both times alone.
      seconds.length = 0;
      rows.length = 0;
    } else if (last !== undefined && second - last > SILENCE_SECONDS) {
      seconds.push((last + second) / 2);
      rows.push(undefined);
    }
    seconds.push(second);
    rows.push(Object.hasOwn(hives, hive) ? hives[hive] : undefined);
  }
  const column = (key: keyof HiveSample): Column => rows.map((row) => row?.[key] ?? null);
  return {
    seconds,
    tokensPerSecond: column("tokens_per_second"),
    running: column("running"),
    waiting: column("waiting"),
    memory: column("memory_used_bytes"),
    vram: column("vram_used_bytes"),
  };
}

/** From when to when a chart shows, in seconds since 1970: 15 minutes to its newest sample. */
export function chartWindow(seconds: readonly number[], nowMs: number): [number, number] {
  // By the queen's clock, since the browser's machine may have another time.
  const end = seconds.at(-1) ?? nowMs / 1000;
  return [end - CHART_SECONDS, end];
}

/** The last value, and the highest; undefined where none is known. */
export function lastAndHighest(
  column: Column,
): { last: number | null; highest: number } | undefined {
  const known = column.filter((value) => value !== null);
  if (known.length === 0) return undefined;
  return { last: column.at(-1) ?? null, highest: Math.max(...known) };
}

/** A line of a chart in words: `running 2, at most 4`. */
export function lineText(
  { name, values, format }: { name: string; values: Column; format: (value: number) => string },
): string {
  const known = lastAndHighest(values);
  if (known === undefined) return `${name} not known`;
  const last = known.last === null ? "not known now" : format(known.last);
  return `${name} ${last}, at most ${format(known.highest)}`;
}

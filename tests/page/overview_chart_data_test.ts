import { deepEqual, equal } from "node:assert/strict";
import type { HiveSample, Sample } from "../../src/contracts/watch.ts";
import {
  CHART_SECONDS,
  chartColumns,
  chartWindow,
  lastAndHighest,
  lineText,
} from "../../src/page/overview/chart_data.ts";

const START = Date.parse("2026-01-31T12:00:00.000Z") / 1000;

Deno.test("chartColumns() brings a hive's samples into columns of the same length", () => {
  const columns = chartColumns([sampleAt(0, { running: 1 }), sampleAt(5, { running: 2 })], "local");
  deepEqual(columns.seconds, [START, START + 5]);
  deepEqual(columns.running, [1, 2]);
  deepEqual(columns.memory, [8e9, 8e9]);
  deepEqual(columns.vram, [null, null]);
});

Deno.test("chartColumns() leaves a hole where the hive was not connected", () => {
  const away = { ...sampleAt(5), hives: {} };
  const columns = chartColumns([sampleAt(0), away, sampleAt(10)], "local");
  deepEqual(columns.waiting, [0, null, 0]);
});

Deno.test("chartColumns() leaves a hole where the queen was silent", () => {
  const columns = chartColumns([sampleAt(0), sampleAt(15), sampleAt(115)], "local");
  deepEqual(columns.seconds.map((second) => second - START), [0, 15, 65, 115]);
  deepEqual(columns.tokensPerSecond, [10, 10, null, 10]);
});

Deno.test("chartColumns() begins anew where the queen's clock was set back", () => {
  const columns = chartColumns([sampleAt(100), sampleAt(105), sampleAt(0), sampleAt(5)], "local");
  deepEqual(columns.seconds.map((second) => second - START), [0, 5]);
});

Deno.test("chartColumns() takes no property of every object for a hive", () => {
  deepEqual(chartColumns([sampleAt(0)], "constructor").running, [null]);
});

Deno.test("chartWindow() is 15 minutes to the newest sample, whatever the browser's clock says", () => {
  deepEqual(chartWindow([START, START + 5], 0), [START + 5 - CHART_SECONDS, START + 5]);
  deepEqual(chartWindow([], 1_000_000), [1000 - CHART_SECONDS, 1000]);
});

Deno.test("lastAndHighest() tells a last value that is not known", () => {
  deepEqual(lastAndHighest([1, 7, 3]), { last: 3, highest: 7 });
  deepEqual(lastAndHighest([1, 7, null]), { last: null, highest: 7 });
  equal(lastAndHighest([null]), undefined);
  equal(lastAndHighest([]), undefined);
});

Deno.test("lineText() says a line of a chart in words", () => {
  const line = (values: (number | null)[]) =>
    lineText({ name: "Memory", values, format: (value) => `${value} B` });
  equal(line([1, 7, 3]), "Memory 3 B, at most 7 B");
  equal(line([7, null]), "Memory not known now, at most 7 B");
  equal(line([]), "Memory not known");
});

function sampleAt(seconds: number, changed: Partial<HiveSample> = {}): Sample {
  return {
    at: new Date((START + seconds) * 1000).toISOString(),
    hives: {
      local: {
        tokens_per_second: 10,
        running: 0,
        waiting: 0,
        memory_used_bytes: 8e9,
        vram_used_bytes: null,
        ...changed,
      },
    },
  };
}

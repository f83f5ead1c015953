import { useMemo } from "preact/hooks";
import type { HiveInfo } from "../../contracts/hive.ts";
import { queenNow, samples } from "../cluster.ts";
import { bytesText, rateText } from "../quantities.ts";
import { Chart, type ChartLine } from "./chart.tsx";
import { chartColumns, chartWindow } from "./chart_data.ts";
import { chartTop } from "./hive_words.ts";

const WHOLE_STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/** How a hive did over the last 15 minutes: tokens, requests and memory. */
export function HiveCharts({ hive }: { hive: HiveInfo }) {
  const columns = useMemo(() => chartColumns(samples.value, hive.name), [samples.value, hive.name]);
  const { seconds } = columns;
  const span = useMemo(() => chartWindow(seconds, queenNow()), [seconds]);
  const memory: ChartLine[] = [{ name: "Memory", values: columns.memory }];
  if (columns.vram.some((value) => value !== null)) {
    memory.push({ name: "VRAM", values: columns.vram });
  }
  return (
    <div class="charts">
      <Chart
        seconds={seconds}
        span={span}
        lines={[{ name: "Tokens/s", values: columns.tokensPerSecond }]}
        format={rateText}
        leastTop={10}
      />
      <Chart
        seconds={seconds}
        span={span}
        lines={[
          { name: "Running", values: columns.running },
          { name: "Waiting", values: columns.waiting },
        ]}
        format={(value) => `${value}`}
        leastTop={4}
        steps={WHOLE_STEPS}
      />
      <Chart
        key={memory.length}
        seconds={seconds}
        span={span}
        lines={memory}
        format={bytesText}
        leastTop={chartTop(hive)}
      />
    </div>
  );
}

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { type Column, lastAndHighest, lineText } from "./chart_data.ts";

/** One line of a chart. */
export interface ChartLine {
  name: string;
  values: Column;
}

/** What a {@linkcode Chart} shows. How many lines it has stays as it is at first. */
export interface ChartProps {
  /** When the values were, in seconds since 1970, ascending. */
  seconds: readonly number[];
  /** From when to when it shows, in the same seconds. */
  span: readonly [number, number];
  lines: readonly ChartLine[];
  format: (value: number) => string;
  /** How high it goes at least, so that small values look small. */
  leastTop: number;
  /** The distances that its marks may have. Default: what is round. */
  steps?: number[];
}

const HEIGHT_PX = 96;
const FIVE_MINUTES = 300;
// How near to an edge a time is not written.
const EDGE_SECONDS = 75;

/** A small chart of values over time, with the newest and the highest value of each line in words. */
export function Chart(props: ChartProps) {
  const { seconds, span, lines, format } = props;
  const figure = useRef<HTMLElement>(null);
  const ground = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  // What the drawing reads is always of the newest rendering.
  const newest = useRef(props);
  newest.current = props;

  useEffect(() => {
    const { current: element } = ground;
    if (element === null || figure.current === null) return undefined;
    const colours = figure.current.querySelectorAll(".chart-key");
    const drawn = plot.current = new uPlot(
      chartOptions({ element, colours, newest }),
      alignedData(newest.current),
      element,
    );
    const resize = new ResizeObserver(() =>
      drawn.setSize({ width: element.clientWidth, height: HEIGHT_PX })
    );
    resize.observe(element);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const repaint = () => drawn.redraw(false, true);
    scheme.addEventListener("change", repaint);
    return () => {
      scheme.removeEventListener("change", repaint);
      resize.disconnect();
      drawn.destroy();
      plot.current = undefined;
    };
  }, []);

  useEffect(() => plot.current?.setData(alignedData(newest.current)), [seconds, span]);

  const words = lines.map(({ name, values }) => lineText({ name, values, format }));
  return (
    <figure class="chart" ref={figure}>
      <figcaption>
        {lines.map(({ name, values }, at) => (
          <span key={name}>
            <span class="chart-key" data-line={at} aria-hidden="true" /> {name}{" "}
            <b>{lastText(values, format)}</b>
          </span>
        ))}
      </figcaption>
      <div
        class="chart-ground"
        ref={ground}
        role="img"
        aria-label={`Last 15 minutes: ${words.join("; ")}`}
      />
    </figure>
  );
}

function lastText(values: Column, format: (value: number) => string): string {
  const last = lastAndHighest(values)?.last ?? null;
  return last === null ? "not known" : format(last);
}

function alignedData({ seconds, lines }: ChartProps): uPlot.AlignedData {
  return [[...seconds], ...lines.map(({ values }) => [...values])];
}

function chartOptions(
  { element, colours, newest }: {
    element: Element;
    /** The keys of its legend, whose colours its lines have: a canvas knows no variables of CSS. */
    colours: NodeListOf<Element>;
    newest: { current: ChartProps };
  },
): uPlot.Options {
  const textColour = () => getComputedStyle(element).color;
  const lineColour = () => getComputedStyle(element).borderTopColor;
  const axis: uPlot.Axis = {
    stroke: textColour,
    grid: { stroke: lineColour, width: 1 },
    ticks: { show: false },
    font: "11px system-ui, sans-serif",
    gap: 4,
  };
  return {
    width: element.clientWidth,
    height: HEIGHT_PX,
    padding: [6, 6, 0, 0],
    cursor: { show: false },
    legend: { show: false },
    select: { show: false, left: 0, top: 0, width: 0, height: 0 },
    scales: {
      x: { time: true, range: () => [...newest.current.span] },
      y: {
        range: (_plot, _lowest, highest) => [
          0,
          Math.max((highest ?? 0) * 1.1, newest.current.leastTop),
        ],
      },
    },
    axes: [
      {
        ...axis,
        size: 20,
        incrs: [FIVE_MINUTES],
        values: (plot, at) => at.map((second) => isAtEdge(plot, second) ? "" : clockText(second)),
      },
      {
        ...axis,
        size: 52,
        space: 26,
        values: (_plot, values) => values.map((value) => markText(newest.current.format(value))),
        ...(newest.current.steps !== undefined && { incrs: newest.current.steps }),
      },
    ],
    series: [
      {},
      ...newest.current.lines.map((_line, at): uPlot.Series => ({
        stroke: () => getComputedStyle(colours[at] ?? element).color,
        width: 1.5,
        points: { show: true, size: 4, filter: (plot, index) => aloneIn(plot.data[index] ?? []) },
        ...(at > 0 && { dash: [5, 3] }),
      })),
    ],
  };
}

/** Where values stand between two that are missing, to which no line goes. */
function aloneIn(values: ArrayLike<number | null | undefined>): number[] {
  const isThere = (at: number) => typeof values[at] === "number";
  return Array.from({ length: values.length }, (_, at) => at)
    .filter((at) => isThere(at) && !isThere(at - 1) && !isThere(at + 1));
}

/** Whether the words of a time would run into those of the other axis, or over the chart's end. */
function isAtEdge(plot: uPlot, second: number): boolean {
  const { min = second, max = second } = plot.scales.x ?? {};
  return second - min < EDGE_SECONDS || max - second < EDGE_SECONDS;
}

function clockText(second: number): string {
  return new Date(second * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

/** Marks stand at round values, and have little room. */
function markText(value: string): string {
  return value.replace(/\.0(?= |$)/, "");
}

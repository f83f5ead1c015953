import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Role } from "../contracts/identifiers.ts";
import { FORM, VERSION } from "../version.ts";
import { type Exposition, mergeExpositions } from "./merge_expositions.ts";
import { addProcessMetrics } from "./process_metrics.ts";

/** One figure, and what tells it from the others of its name. */
export interface LabelledFigure {
  labels: Readonly<Record<string, string>>;
  value: number;
}

/** What a figure is: its name without `rbee_`, by Prometheus's conventions, and a sentence for people. */
export interface FigureDescription {
  name: string;
  help: string;
  /** The names of its labels. Default: none. */
  labels?: readonly string[];
}

/** The media type of {@linkcode RoleMetrics.text}. */
export const EXPOSITION_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/**
 * The figures of one role for `GET /metrics`. Most are read when they are asked for, and cost nothing
 * before; there is no state that two roles in one process would share. All have the label `role`.
 */
export class RoleMetrics implements Disposable {
  readonly #registry = new Registry();
  readonly #elsewhere: (() => Promise<Exposition[]>)[] = [];
  readonly #closers: (() => void)[] = [];

  /** With the figures of the process itself. Its timer is let go of when it is disposed. */
  constructor(role: Exclude<Role, "keeper">) {
    this.#registry.setDefaultLabels({ role });
    this.gauge({
      name: "build_info",
      help: "The program, always 1",
      labels: ["version", "form", "deno"],
    }, () => [{ labels: { version: VERSION, form: FORM, deno: Deno.version.deno }, value: 1 }]);
    this.onClose(addProcessMetrics(this));
  }

  /** Adds what goes up and down, read by `read` when it is asked for. */
  gauge(description: FigureDescription, read: () => number | readonly LabelledFigure[]): void {
    new Gauge({
      ...this.#configured(description),
      collect() {
        this.reset();
        for (const { labels, value } of figuresOf(read())) this.set(labels, value);
      },
    });
  }

  /** Adds what only grows, read by `read` when it is asked for. Its name ends with `_total`. */
  counter(description: FigureDescription, read: () => number | readonly LabelledFigure[]): void {
    new Counter({
      ...this.#configured(description),
      collect() {
        this.reset();
        for (const { labels, value } of figuresOf(read())) this.inc(labels, value);
      },
    });
  }

  /** Adds how often a value was how large; call what it returns with each value. */
  histogram(
    description: FigureDescription & { buckets: readonly number[] },
  ): (value: number, labels?: Readonly<Record<string, string>>) => void {
    const { buckets, ...rest } = description;
    const histogram = new Histogram({ ...this.#configured(rest), buckets: [...buckets] });
    return (value, labels = {}) => histogram.observe(labels, value);
  }

  /** Adds figures that other processes have, asked for when these are. It must not reject. */
  addElsewhere(ask: () => Promise<Exposition[]>): void {
    this.#elsewhere.push(ask);
  }

  /** Has `close` called when these figures are let go of. */
  onClose(close: () => void): void {
    this.#closers.push(close);
  }

  /** All figures as they are now, in Prometheus's text format, version 0.0.4. */
  async text(): Promise<string> {
    const [own, ...elsewhere] = await Promise.all([
      this.#registry.metrics(),
      ...this.#elsewhere.map((ask) => ask()),
    ]);
    return mergeExpositions([{ text: own }, ...elsewhere.flat()]);
  }

  [Symbol.dispose](): void {
    for (const close of this.#closers.splice(0)) close();
    this.#registry.clear();
  }

  #configured({ name, help, labels = [] }: FigureDescription) {
    return { name: `rbee_${name}`, help, labelNames: [...labels], registers: [this.#registry] };
  }
}

function figuresOf(read: number | readonly LabelledFigure[]): readonly LabelledFigure[] {
  return typeof read === "number" ? [{ labels: {}, value: read }] : read;
}

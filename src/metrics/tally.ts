import type { LabelledFigure } from "./role_metrics.ts";

/** Counts by labels, each combination for itself. What may stand in a label must be bounded. */
export class Tally {
  readonly #counts = new Map<string, { labels: Readonly<Record<string, string>>; value: number }>();

  /** Counts one more. */
  add(labels: Readonly<Record<string, string>>): void {
    const key = Object.values(labels).join("\n");
    const known = this.#counts.get(key);
    if (known !== undefined) known.value++;
    else this.#counts.set(key, { labels, value: 1 });
  }

  /** What was counted so far. */
  get figures(): readonly LabelledFigure[] {
    return [...this.#counts.values()];
  }
}

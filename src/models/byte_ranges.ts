/** A run of bytes from `start` up to, and without, `end`. */
export type ByteRange = readonly [start: number, end: number];

/** Which bytes of a file are there, as runs in order that neither touch nor overlap. */
export class ByteRanges {
  #runs: ByteRange[] = [];

  constructor(runs: Iterable<ByteRange> = []) {
    for (const [start, end] of runs) this.add(start, end);
  }

  /** How many bytes are there. */
  get bytes(): number {
    return this.#runs.reduce((sum, [start, end]) => sum + end - start, 0);
  }

  /** The runs in order. */
  get runs(): readonly ByteRange[] {
    return this.#runs;
  }

  /** Takes up a run; what is there already stays. An empty one changes nothing. */
  add(start: number, end: number): void {
    if (end <= start) return;
    const apart = this.#runs.filter(([from, to]) => to < start || from > end);
    const joined = this.#runs.filter(([from, to]) => to >= start && from <= end);
    const run: ByteRange = [
      Math.min(start, ...joined.map(([from]) => from)),
      Math.max(end, ...joined.map(([, to]) => to)),
    ];
    this.#runs = [...apart, run].sort(([a], [b]) => a - b);
  }

  /** What is missing of a file of `total` bytes, in order, in runs of `most` bytes at most. */
  missing(total: number, most = Infinity): ByteRange[] {
    const gaps: ByteRange[] = [];
    let at = 0;
    for (const [start, end] of [...this.#runs, [total, total] as const]) {
      for (; at < Math.min(start, total); at = gaps.at(-1)![1]) {
        gaps.push([at, Math.min(at + most, start, total)]);
      }
      at = Math.max(at, end);
    }
    return gaps;
  }
}

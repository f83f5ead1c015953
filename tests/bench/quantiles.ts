/** The value that so large a part of `values` does not exceed, from 0 to 1; 0.5 is the median. */
export function quantile(values: readonly number[], part: number): number {
  if (values.length === 0) throw new Error("Nothing was measured");
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!;
}

/** A range of rows: both ends are drawn, and `overscan` more on each side. */
export interface DrawnRange {
  startIndex: number;
  endIndex: number;
  overscan: number;
  count: number;
}

/**
 * The rows of a range, in order, and one more that may be far from it: the row with the focus stays in the
 * document, or the keyboard would begin again at its top.
 */
export function rangeWith(range: DrawnRange, index: number | undefined): number[] {
  const first = Math.max(0, range.startIndex - range.overscan);
  const last = Math.min(range.count - 1, range.endIndex + range.overscan);
  const rows: number[] = [];
  if (index !== undefined && index < first && index >= 0) rows.push(index);
  for (let row = first; row <= last; row++) rows.push(row);
  if (index !== undefined && index > last && index < range.count) rows.push(index);
  return rows;
}

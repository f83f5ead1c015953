import stringWidth from "string-width";
import { singleLine } from "../base/single_line.ts";

/**
 * Lays out rows as columns, each as wide as its widest cell, two spaces apart. Each cell is one line
 * without control characters, whatever it was.
 */
export function formatTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string[] {
  const all = [head, ...rows].map((row) => row.map(singleLine));
  const widths = head.map((_, column) =>
    Math.max(...all.map((row) => stringWidth(row[column] ?? "")))
  );
  return all.map((row) =>
    row.map((cell, column) => padEnd(cell, widths[column] ?? 0)).join("  ").trimEnd()
  );
}

/** As text is padded, by the columns it takes on a terminal. */
function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - stringWidth(text)));
}

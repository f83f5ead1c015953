import { type BenchRow, printTable, runCase } from "./table.ts";

const CASES = [
  "console.error",
  "pino, synchronous",
  "narrate, no sink",
  "narrate, text output",
  "narrate, JSON output",
  "narrate, JSON output and job log",
];

/** What a line costs who writes it, beside `console.error` and pino, each in its own process. */
export async function benchNarration(): Promise<void> {
  const rows: BenchRow[] = [];
  for (const name of CASES) {
    rows.push(await runCase<BenchRow>(new URL("narration_case.ts", import.meta.url), name));
  }
  printTable("Narration: cost of one line, standard error to /dev/null", rows);
}

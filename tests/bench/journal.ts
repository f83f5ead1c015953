import { type BenchRow, printTable, runCase } from "./table.ts";

/** The journal: appends with it on, and what ended jobs cost in memory. */
export async function benchJournal(): Promise<void> {
  const url = new URL("journal_case.ts", import.meta.url);
  printTable("Journal", [await runCase<BenchRow>(url, "append")]);
  printTable("Memory of ended jobs", [await runCase<BenchRow>(url, "memory")]);
}

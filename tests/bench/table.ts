/** A row of a bench: its name and the numbers that were measured. */
export interface BenchRow {
  name: string;
  [measure: string]: string | number;
}

/** Prints rows as a table with a title. */
export function printTable(title: string, rows: readonly BenchRow[]): void {
  const columns = Object.keys(rows[0] ?? { name: "" });
  const cells = rows.map((row) =>
    columns.map((column) => {
      const value = row[column] ?? "";
      return typeof value === "number" ? value.toLocaleString("en") : value;
    })
  );
  const widths = columns.map((column, i) =>
    Math.max(column.length, ...cells.map((row) => row[i]!.length))
  );
  const line = (row: readonly string[]) =>
    row.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join("  ");
  const text = [`\n${title}`, line(columns), ...cells.map(line), ""].join("\n");
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

/** Runs one case in a process of its own, with standard error thrown away, and reads its JSON. */
export async function runCase<T>(url: URL, ...args: string[]): Promise<T> {
  const { stdout, success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--quiet", "--v8-flags=--expose-gc", url.pathname, ...args],
    stdout: "piped",
    stderr: "null",
  }).output();
  if (!success) throw new Error(`${url.pathname} ${args.join(" ")} failed`);
  return JSON.parse(new TextDecoder().decode(stdout)) as T;
}

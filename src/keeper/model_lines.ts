import type { ModelDetails, StoredModel } from "../contracts/model.ts";
import { formatTable } from "./table.ts";

/** The table of models. */
export function modelLines(models: readonly StoredModel[]): string[] {
  return formatTable(
    ["MODEL", "HIVE", "SIZE", "QUANTISATION", "PARAMETERS", "CONTEXT", "USED BY"],
    models.map((model) => [
      model.name,
      model.hive,
      model.state === "stored" ? size(model.bytes) : `${size(model.bytes)} (${model.state})`,
      model.quantisation ?? "",
      model.parameters === null ? "" : parameters(model.parameters),
      String(model.context ?? ""),
      usedBy(model.used_by),
    ]),
  );
}

/** All that is known of a model, a line each: first what matters, then what its header says. */
export function modelFactLines(model: ModelDetails): string[] {
  const rows: [string, string][] = [
    ["model", model.name],
    ["hive", model.hive],
    ["size", `${size(model.bytes)} in ${plural(model.files.length, "file")}`],
    ["quantisation", model.quantisation ?? "not told"],
    ["parameters", model.parameters === null ? "not told" : parameters(model.parameters)],
    ["context", model.context === null ? "not told" : `${model.context} tokens`],
    ["used by", model.used_by.join(", ") || "no worker"],
    ...model.files.map(({ path, bytes }, index): [string, string] => [
      "file",
      [path, `${bytes} bytes`, model.sha256?.[index]].filter(Boolean).join("  "),
    ]),
    ...Object.entries(model.facts).sort(([a], [b]) => a < b ? -1 : 1)
      .map(([key, value]): [string, string] => [key, String(value).replaceAll("\n", "\\n")]),
  ];
  const width = Math.max(...rows.map(([key]) => key.length));
  return rows.map(([key, value]) => `${key.padEnd(width)}  ${value}`);
}

/** Bytes in the unit that shows something: `4.1 GB`. */
function size(bytes: number): string {
  const [unit, name] = bytes >= 1e9 ? [1e9, "GB"] : bytes >= 1e6 ? [1e6, "MB"] : [1e3, "kB"];
  return `${(bytes / (unit as number)).toFixed(1)} ${name}`;
}

/** As models are called: `7.2B`, `836K`. */
function parameters(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)}B`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(0)}M`;
  return `${(count / 1e3).toFixed(0)}K`;
}

function usedBy(workers: readonly string[]): string {
  return workers.length === 0 ? "" : plural(workers.length, "worker");
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

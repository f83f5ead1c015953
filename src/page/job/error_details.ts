/** What an error tells beside its message. */
export interface ErrorDetails {
  /** The last lines of a program that died, the oldest first. */
  lastLines: readonly string[];
  /** Everything else, by name. */
  facts: readonly { name: string; text: string }[];
}

const NAMES: Record<string, string> = {
  exit_code: "Exit code",
  signal: "Signal",
  worker_id: "Worker",
  reason: "Reason",
  field: "Field",
  retry_after_s: "Worth another try after, in seconds",
};

/** Reads the details of an error, whatever they are. What is null is not told. */
export function readDetails(details: unknown): ErrorDetails {
  if (details === undefined || details === null) return { lastLines: [], facts: [] };
  if (typeof details !== "object" || Array.isArray(details)) {
    return { lastLines: [], facts: [{ name: "Details", text: textOf(details) }] };
  }
  const { last_lines: lines, ...others } = details as Record<string, unknown>;
  const lastLines = Array.isArray(lines) ? lines.map(textOf) : [];
  const facts = Object.entries(others)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => ({ name: NAMES[name] ?? name, text: textOf(value) }));
  if (lines !== undefined && !Array.isArray(lines)) {
    facts.push({ name: "last_lines", text: textOf(lines) });
  }
  return { lastLines, facts };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value) ?? String(value);
}

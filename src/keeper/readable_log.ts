import { parseNarrationJson } from "../narration/json_format.ts";
import { formatNarrationText } from "../narration/text_format.ts";
import { printableText } from "../process/printable_text.ts";

/**
 * Makes the log of a daemon readable: narration as text after its local time, the rest as it stands
 * but for what a terminal would obey.
 */
export class ReadableLog {
  #begun = "";

  /** Takes what comes and gives the lines that are complete with it. */
  push(text: string): string {
    const all = this.#begun + text;
    const end = all.lastIndexOf("\n") + 1;
    this.#begun = all.slice(end);
    if (end === 0) return "";
    return all.slice(0, end - 1).split("\n").map(readable).join("\n") + "\n";
  }

  /** Gives what is left without an end of line. */
  flush(): string {
    const left = this.#begun;
    this.#begun = "";
    return left === "" ? "" : readable(left);
  }
}

function readable(line: string): string {
  const record = parseNarrationJson(line);
  if (record === undefined) return printableText(line);
  // As ISO 8601 writes date and time, in the person's own time.
  const at = new Date(record.at).toLocaleString("sv-SE");
  return `${at} ${printableText(formatNarrationText(record))}`;
}

import { messageOf, RbeeError } from "../base/rbee_error.ts";
import { cutText, singleLine } from "../base/single_line.ts";
import { narrate } from "../narration/narrate.ts";
import { runProgram } from "../process/run_program.ts";

/** A card as NVIDIA's driver sees it. Null: it does not tell. */
export interface NvidiaCard {
  /** In the order of the PCI bus. */
  index: number;
  name: string;
  totalBytes: number | null;
  freeBytes: number | null;
  /** How busy it is, in percent. */
  utilization: number | null;
}

/** How nvidia-smi is asked. */
export interface NvidiaSmiOptions {
  /** The program. Default `nvidia-smi`, looked up in PATH. */
  program?: string | undefined;
  /** Past this, in milliseconds, it is given up. Default 5,000. */
  limitMs?: number | undefined;
  /** How old an answer may be, in milliseconds. Default 10,000. */
  maxAgeMs?: number | undefined;
  /** How long it is left alone after it has failed, in milliseconds. Default 60,000. */
  retryMs?: number | undefined;
  /** The clock, in milliseconds. Default `performance.now`. */
  now?: (() => number) | undefined;
}

const MEBIBYTE = 1024 * 1024;
const QUERY = [
  "--query-gpu=index,name,memory.total,memory.free,utilization.gpu",
  "--format=csv,noheader,nounits",
];

/**
 * Asks `nvidia-smi` what NVIDIA cards there are, as often as is worth it. A machine without it has
 * none. What goes wrong is narrated, the same only once, and gives no cards.
 */
export class NvidiaSmi {
  readonly #options: NvidiaSmiOptions;
  #cards: readonly NvidiaCard[] = [];
  #asking: Promise<void> | undefined;
  /** Until when the last answer stands. */
  #freshUntil = -Infinity;
  #complaint: string | undefined;

  constructor(options: NvidiaSmiOptions = {}) {
    this.#options = options;
  }

  /** The cards of the last answer; none before it. */
  get known(): readonly NvidiaCard[] {
    return this.#cards;
  }

  /** The cards, asked for anew where the last answer is too old. Never rejects. */
  async cards(): Promise<readonly NvidiaCard[]> {
    if (this.#now() >= this.#freshUntil) {
      this.#asking ??= this.#ask().finally(() => this.#asking = undefined);
      await this.#asking;
    }
    return this.#cards;
  }

  async #ask(): Promise<void> {
    const { program = "nvidia-smi", limitMs = 5000, maxAgeMs = 10_000, retryMs = 60_000 } =
      this.#options;
    try {
      this.#cards = await query(program, limitMs);
      this.#complaint = undefined;
      this.#freshUntil = this.#now() + maxAgeMs;
    } catch (error) {
      this.#cards = [];
      this.#freshUntil = this.#now() + retryMs;
      // Most machines do not have it.
      if (!(error instanceof RbeeError && error.code === "cannot_spawn")) {
        this.#complain(`Cannot ask nvidia-smi for its cards: ${messageOf(error)}`);
      }
    }
  }

  #complain(message: string): void {
    if (message === this.#complaint) return;
    this.#complaint = message;
    narrate("nvidia_smi", message, { level: "warn" });
  }

  #now(): number {
    return this.#options.now?.() ?? performance.now();
  }
}

async function query(program: string, limitMs: number): Promise<NvidiaCard[]> {
  const { exit, out, err } = await runProgram({ program, args: QUERY }, { limitMs });
  if (exit.code !== 0) {
    const why = [...err, ...out].find((line) => line.trim() !== "") ?? "it said nothing";
    throw new Error(`it ended with ${exit.code}: ${cutText(singleLine(why), 200)}`);
  }
  return parseNvidiaSmi(out);
}

/**
 * Reads the answer of nvidia-smi, one card a line, `0, NVIDIA GeForce RTX 4090, 24564, 23028, 3`, the
 * memory in MiB.
 *
 * @throws {Error} If a line is something else: then none of it can be trusted.
 */
export function parseNvidiaSmi(lines: readonly string[]): NvidiaCard[] {
  return lines.filter((line) => line.trim() !== "").map((line) => {
    // A name may hold a comma, and stands between what cannot.
    const parts = line.split(",").map((part) => part.trim());
    const [index, ...rest] = parts;
    const [total, free, utilization] = rest.splice(-3).map(count);
    const name = rest.join(", ");
    const whole = /^\d{1,3}$/.test(index!) && name !== "" && utilization !== undefined;
    if (!whole || total === undefined || free === undefined) {
      throw new Error(`its answer makes no sense: "${cutText(singleLine(line), 200)}"`);
    }
    return {
      index: Number(index),
      name,
      totalBytes: total && total * MEBIBYTE,
      freeBytes: free && free * MEBIBYTE,
      utilization,
    };
  });
}

/** A count; null where the driver says, in brackets, that it has none: `[N/A]`. */
function count(text: string): number | null | undefined {
  if (/^\[.*\]$/.test(text)) return null;
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

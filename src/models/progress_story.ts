import { narrate } from "../narration/narrate.ts";
import { inWords } from "./memory_fit.ts";
import type { DownloadProgress } from "./progress_meter.ts";

const SPACING_MS = 500;
// Where the total is not known.
const UNKNOWN_STEP_BYTES = 1e8;

/**
 * Narrates how far something is, at most twice a second: every 10 % for everybody, what is between at
 * level `debug`, for who can show a line that is written over.
 */
export class ProgressStory {
  readonly #what: string;
  readonly #action: string;
  #toldMs = -Infinity;
  #step = -1;
  #ended = false;

  /** @param what The begin of each sentence: `Downloading hf:org/repo`. */
  constructor(what: string, action: string) {
    this.#what = what;
    this.#action = action;
  }

  /** Says something else of it. */
  note(sentence: string): void {
    narrate(this.#action, sentence);
  }

  /** Says how far it is, if that is due; the last always is, once. */
  tell(look: () => DownloadProgress, options: { isLast?: boolean } = {}): void {
    const nowMs = performance.now();
    const { isLast = false } = options;
    if (this.#ended || !isLast && nowMs - this.#toldMs < SPACING_MS) return;
    this.#toldMs = nowMs;
    this.#ended = isLast;
    const progress = look();
    const { current, total, rate } = progress;
    const step = Math.floor(total > 0 ? current / total * 10 : current / UNKNOWN_STEP_BYTES);
    const level = step > this.#step || isLast ? "info" : "debug";
    this.#step = Math.max(this.#step, step);
    narrate(this.#action, `${this.#what}: ${inSentence(progress)}`, {
      level,
      progress: { current, total, unit: "bytes" },
      fields: {
        bytes_per_second: Math.round(rate),
        ...(progress.left !== undefined && { seconds_left: Math.ceil(progress.left) }),
      },
    });
  }
}

/** `45 %, 1.2 GB of 2.7 GB, 54.3 MB/s, 28 s left` */
function inSentence({ current, total, rate, left }: DownloadProgress): string {
  const parts = total > 0
    ? [`${Math.floor(current / total * 100)} %`, `${inWords(current)} of ${inWords(total)}`]
    : [inWords(current)];
  if (rate > 0) parts.push(`${inWords(rate)}/s`);
  if (left !== undefined && current < total) parts.push(`${timeInWords(left)} left`);
  return parts.join(", ");
}

function timeInWords(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

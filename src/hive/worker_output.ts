import { z } from "zod";
import { SignalBell } from "../base/signal_bell.ts";
import type { EventLog } from "../jobs/event_log.ts";
import { narrationEvent } from "../jobs/job_logs.ts";
import { deliver } from "../narration/narration_sink.ts";
import type { NarrationRecord } from "../contracts/narration_record.ts";
import type { Captured } from "../process/output_capture.ts";
import { type DeathReason, explainDeath, LAST_LINES } from "./death_reason.ts";
import { DiagnosticLines } from "./diagnostic_lines.ts";
import { LoadProgress } from "./load_progress.ts";
import type { MemoryLack } from "./choose_to_stop.ts";
import type { WorkerProcessEnd } from "./worker_process.ts";

/** What a worker needs of the machine's memory, in bytes. */
export interface NeededMemory {
  neededBytes: number;
  /** What of it is the model's file, which the kernel goes on to count as free when it is mapped. */
  mappedBytes: number;
  /** What it needs of the GPU's. */
  vramBytes: number;
}

const NO_MEMORY: NeededMemory = { neededBytes: 0, mappedBytes: 0, vramBytes: 0 };

const bytesSchema = z.number().int().nonnegative();

/** As `checkMemory` of the worker narrates it. */
const memorySchema = z.object({
  needed_bytes: bytesSchema,
  model_bytes: bytesSchema,
  vram_bytes: bytesSchema,
  free_bytes: z.number().default(Infinity),
  vram_free_bytes: z.number().default(Infinity),
}).transform((said) => ({
  needed: {
    neededBytes: said.needed_bytes,
    mappedBytes: Math.max(0, Math.min(said.needed_bytes, said.model_bytes - said.vram_bytes)),
    vramBytes: said.vram_bytes,
  },
  lack: lackOf(said),
}));

function lackOf(said: {
  needed_bytes: number;
  free_bytes: number;
  vram_bytes: number;
  vram_free_bytes: number;
}): MemoryLack | undefined {
  const { needed_bytes, free_bytes, vram_bytes, vram_free_bytes } = said;
  if (vram_bytes > vram_free_bytes) {
    return { neededBytes: vram_bytes, freeBytes: vram_free_bytes, onGpu: true };
  }
  if (needed_bytes <= free_bytes) return undefined;
  return { neededBytes: needed_bytes, freeBytes: free_bytes, onGpu: false };
}

/** Where a worker's output goes. */
export interface WorkerOutputOptions {
  id: string;
  log: EventLog;
  /** Writes a line of the operator's log. */
  diagnostic(line: string): void;
  /** Told where it listens, when it says so. */
  onListening(url: string): void;
  /** Told that it has come further with its model, 4 times a second at most. */
  onProgress(): void;
}

/** What the processes of one worker print: into its log, and what the hive must know of it. */
export class WorkerOutput {
  readonly #options: WorkerOutputOptions;
  readonly #diagnostics: DiagnosticLines;
  /** Rings when it prints something. */
  readonly news = new SignalBell();
  #lastLines: string[] = [];
  #lastError: { code: string; message: string } | undefined;
  #forced: { code: string; message: string } | undefined;
  #lastLineMs = performance.now();
  #readyLine = Promise.withResolvers<void>();
  #memory = NO_MEMORY;
  #lack: MemoryLack | undefined;
  readonly #progress: LoadProgress;

  constructor(options: WorkerOutputOptions) {
    this.#options = options;
    this.#diagnostics = new DiagnosticLines(options.id, options.diagnostic);
    this.#progress = new LoadProgress({ onProgress: () => options.onProgress() });
  }

  /** Forgets what a process before this one said. */
  begin(): void {
    this.#lastLines = [];
    this.#lastError = undefined;
    this.#forced = undefined;
    this.#lastLineMs = performance.now();
    this.#readyLine = Promise.withResolvers();
    this.#memory = NO_MEMORY;
    this.#lack = undefined;
    this.#progress.clear();
  }

  /** Says what is still to be said. */
  end(): void {
    this.#progress.clear();
    this.#diagnostics.flush();
  }

  /** When it last printed something, in milliseconds of `performance.now()`. */
  get lastLineMs(): number {
    return this.#lastLineMs;
  }

  /** Why its process ended, by what it printed last and by how it ended. */
  explain(
    end: WorkerProcessEnd,
    { model, wasReady }: { model: string; wasReady: boolean },
  ): DeathReason {
    const said = this.#forced ?? (wasReady ? undefined : this.#lastError);
    const { id: workerId } = this.#options;
    return explainDeath({ ...end, model, workerId, lastLines: this.#lastLines, said, wasReady });
  }

  /** Resolves when it narrates that it is ready. */
  get readyLine(): Promise<void> {
    return this.#readyLine.promise;
  }

  /** What it said that it needs of the machine's memory. */
  get memory(): NeededMemory {
    return this.#memory;
  }

  /** How much of its model it said that it has loaded; undefined before and after that. */
  get loadPercent(): number | undefined {
    return this.#progress.percent;
  }

  /** What it said that it lacks of it. */
  get lack(): MemoryLack | undefined {
    return this.#lack;
  }

  /** Notes why it is being ended. */
  fail(error: { code: string; message: string }): void {
    this.#forced = error;
  }

  /** Takes what was captured, in order. */
  take(captured: Captured): void {
    this.#lastLineMs = performance.now();
    this.news.ring();
    if (captured.kind === "narration") return this.#takeNarration(captured.record);
    const { stream, lines, truncated, painted } = captured;
    const { log } = this.#options;
    if (truncated) {
      for (const line of lines) {
        log.append({ type: "log", actor: "worker", stream, line, truncated });
      }
    } else {
      log.appendLines("worker", stream, lines);
    }
    this.#diagnostics.push(stream, painted ?? lines);
    this.#keep(lines);
  }

  #takeNarration(record: NarrationRecord): void {
    const event = narrationEvent(record);
    this.#options.log.append(event);
    // Its job, if it has one, has a stream of its own; an id of ours is not the child's to name.
    const { job_id, ...own } = record;
    deliver(own);
    if (job_id !== undefined) return;
    this.#keep([event.formatted]);
    this.#note(record);
  }

  #note({ action, level, human, progress, fields = {} }: NarrationRecord): void {
    const { url, code } = fields;
    if (action === "listening" && typeof url === "string") this.#options.onListening(url);
    if (action === "memory") {
      const said = memorySchema.safeParse(fields).data;
      this.#memory = said?.needed ?? NO_MEMORY;
      this.#lack = said?.lack;
    }
    if (action === "model_load" && progress !== undefined) this.#progress.note(progress);
    if (action === "worker_ready") {
      this.#progress.clear();
      this.#readyLine.resolve();
    }
    if (level !== "error") return;
    this.#lastError = { code: typeof code === "string" ? code : "worker_failed", message: human };
  }

  #keep(lines: readonly string[]): void {
    if (lines.length >= LAST_LINES) this.#lastLines = lines.slice(-LAST_LINES);
    else {
      this.#lastLines.push(...lines);
      if (this.#lastLines.length > 2 * LAST_LINES) {
        this.#lastLines = this.#lastLines.slice(-LAST_LINES);
      }
    }
  }
}

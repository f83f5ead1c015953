import type { MemoryNeed } from "../contracts/probe.ts";

/** What is free, in bytes. */
export interface MemoryRoom {
  /** What may be taken of the machine's memory. */
  ramFree: number;
  /** What the machine, or its container, has in all. */
  ramTotal: number;
  /** What may be taken of the GPU's memory; 0 without one. */
  vramFree: number;
  /** Whether the GPU's memory is the machine's own, as on Apple's chips. Default false. */
  unified?: boolean;
}

/** Why something does not fit. */
export interface MemoryShortage {
  /** For people: what is missing where, and what to do. */
  message: string;
  details: {
    needed_bytes: number;
    free_bytes: number;
    model_bytes: number;
    context_bytes: number;
    /** The largest `--context` that fits, where the context alone is too large. */
    largest_context?: number;
  };
}

const CONTEXT_STEP = 256;
const STOP_A_WORKER = "stop a worker (rbee worker list)";

/**
 * Tells why a model does not fit; undefined when it does. What fits exactly, fits. Swap is not
 * counted: a model that is read from it at every token is of no use.
 */
export function memoryShortage(
  need: MemoryNeed & { name: string },
  room: MemoryRoom,
): MemoryShortage | undefined {
  if (need.vram_bytes > room.vramFree) return gpuShortage(need, room.vramFree);
  const needed = ramNeeded(need, room);
  if (needed <= room.ramFree) return undefined;
  const split = need.vram_bytes > 0 && !room.unified;
  // Of a split model it is not known which part of a token is where.
  const context = split ? undefined : largestContext(need, needed - room.ramFree);
  const beside = split
    ? `${inWords(needed, Math.ceil)} beside the ${inWords(need.vram_bytes)} on the GPU`
    : needInWords(need);
  const free = `${inWords(room.ramFree, Math.floor)} of ${inWords(room.ramTotal)} are free`;
  const what = context === undefined
    ? `Cannot load ${need.name}`
    : `Cannot load ${need.name} with --context ${need.context}`;
  return {
    message: `${what}: it needs ${beside} and ${free}; ${advice(needed, room, context)}`,
    details: {
      ...facts(need),
      needed_bytes: needed,
      free_bytes: room.ramFree,
      ...(context !== undefined && { largest_context: context }),
    },
  };
}

/** What of the machine's memory a model needs, in bytes. */
export function ramNeeded(need: MemoryNeed, room: Pick<MemoryRoom, "unified">): number {
  return need.ram_bytes + (room.unified ? need.vram_bytes : 0);
}

/** What a model needs in all, in words: `41.3 GB (model 39.9, context 1.4)`. */
export function needInWords(need: MemoryNeed): string {
  const total = need.model_bytes + need.context_bytes;
  const unit = unitOf(total);
  const part = (bytes: number) => (bytes / unit.bytes).toFixed(1);
  return `${inWords(total, Math.ceil)} (model ${part(need.model_bytes)}, context ${
    part(need.context_bytes)
  })`;
}

/** Bytes in words, `23.1 GB`, or `6.2 MB` where it is less than a tenth of that. */
export function inWords(bytes: number, round: (tenths: number) => number = Math.round): string {
  const unit = unitOf(bytes);
  return `${(round(bytes / unit.bytes * 10) / 10).toFixed(1)} ${unit.name}`;
}

function unitOf(bytes: number): { name: string; bytes: number } {
  return bytes >= 1e8 ? { name: "GB", bytes: 1e9 } : { name: "MB", bytes: 1e6 };
}

/**
 * The largest context that would fit, a multiple of 256; undefined where none would. What a context
 * takes grows by the same with each token, or by less once a sliding window is full: going back from
 * its end, no less is freed than this counts.
 */
function largestContext(need: MemoryNeed, missing: number): number | undefined {
  if (need.context_token_bytes === 0 || missing > need.context_bytes) return undefined;
  // llama.cpp allocates whole steps.
  const allocated = Math.ceil(need.context / CONTEXT_STEP) * CONTEXT_STEP;
  const tokens = allocated - Math.ceil(missing / need.context_token_bytes);
  const context = Math.floor(tokens / CONTEXT_STEP) * CONTEXT_STEP;
  return context >= CONTEXT_STEP ? context : undefined;
}

function advice(needed: number, room: MemoryRoom, context: number | undefined): string {
  // Where even the whole machine would not do, nothing is won by stopping others.
  const stop = needed <= room.ramTotal ? STOP_A_WORKER : undefined;
  if (context !== undefined) {
    return `take --context ${context} at most${stop === undefined ? "" : `, or ${stop}`}`;
  }
  return `${stop === undefined ? "" : `${stop}, `}take a smaller model, or a smaller --context`;
}

function gpuShortage(need: MemoryNeed & { name: string }, vramFree: number): MemoryShortage {
  const layers = `${need.gpu_layers} of its ${need.layers} layers`;
  return {
    message: `Cannot load ${need.name} with ${layers} on the GPU: they need ${
      inWords(need.vram_bytes, Math.ceil)
    } there and ${
      inWords(vramFree, Math.floor)
    } are free; leave --gpu-layers out for as many as fit, take fewer, or ${STOP_A_WORKER}`,
    details: { ...facts(need), needed_bytes: need.vram_bytes, free_bytes: vramFree },
  };
}

function facts(need: MemoryNeed): { model_bytes: number; context_bytes: number } {
  return { model_bytes: need.model_bytes, context_bytes: need.context_bytes };
}

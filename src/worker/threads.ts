const SMALL_MODEL_BYTES = 64 * 1024 * 1024;

/** How many threads compute, and the reason in a few words. */
export interface ThreadChoice {
  threads: number;
  why: string;
}

/**
 * Chooses the number of threads. Threads spin while they wait for each other, so a small model, whose
 * steps take less time than that waiting, gets one (two were measured at 3 to 90 tokens/s where one
 * gave 190 to 480), and a larger one no more than there are idle cores.
 */
export function chooseThreads(facts: {
  modelBytes: number;
  cores: number;
  /** The load average of the last minute. */
  load: number;
  override?: number | undefined;
}): ThreadChoice {
  if (facts.override !== undefined) return { threads: facts.override, why: "as asked for" };
  if (facts.modelBytes < SMALL_MODEL_BYTES) return { threads: 1, why: "the model is small" };
  const idle = Math.max(1, Math.min(facts.cores, Math.round(facts.cores - facts.load)));
  return { threads: idle, why: `${idle} of ${facts.cores} cores are idle` };
}

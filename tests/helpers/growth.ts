const PARTS = 100;
const RUNS = 3;
// Below it the clock and other processes say more than what is measured.
const NOISE_MS = 20;
// As often as many parts where time grows with the square of the length, once where it does not.
const MOST_TIMES = 10;

/**
 * Whether the time that something takes grows with the length of its text, and not with the square of
 * it: with the whole text it is compared with a hundredth of it a hundred times. Measured again, up to
 * three times, where it seems to grow faster, since others use the machine too.
 */
export function growsLinearly(run: (text: string) => unknown, text: string): boolean {
  const part = text.slice(0, Math.ceil(text.length / PARTS));
  for (let i = 0; i < RUNS; i++) {
    const inParts = msOf(() => {
      for (let n = 0; n < PARTS; n++) run(part);
    });
    if (msOf(() => void run(text)) < MOST_TIMES * (inParts + NOISE_MS)) return true;
  }
  return false;
}

function msOf(run: () => void): number {
  const startedMs = performance.now();
  run();
  return performance.now() - startedMs;
}

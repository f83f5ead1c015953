/**
 * The largest count from 0 to `most` that fits, where each count that fits makes all smaller ones
 * fit. Asks for `most` first, which usually does, and then about log2(`most`) times. 0 is not asked.
 */
export async function mostThatFit(
  most: number,
  fits: (count: number) => Promise<boolean>,
): Promise<number> {
  if (most <= 0) return 0;
  if (await fits(most)) return most;
  let fitting = 0;
  let tooMany = most;
  while (tooMany - fitting > 1) {
    const middle = Math.floor((fitting + tooMany) / 2);
    if (await fits(middle)) fitting = middle;
    else tooMany = middle;
  }
  return fitting;
}

/** How many tokens of an answer came, and when the first and the newest did. */
interface TimedTokens {
  tokens: number;
  /** In milliseconds since 1970, as is the next. */
  firstTokenMs: number | undefined;
  lastTokenMs: number | undefined;
}

/**
 * How fast tokens came, a second; undefined where there are too few to tell. The first one is not counted:
 * it is the prompt that it took its time for.
 */
export function tokensPerSecond(
  { tokens, firstTokenMs, lastTokenMs }: TimedTokens,
): number | undefined {
  if (firstTokenMs === undefined || lastTokenMs === undefined || tokens < 2) return undefined;
  const ms = lastTokenMs - firstTokenMs;
  return ms > 0 ? (tokens - 1) * 1000 / ms : undefined;
}

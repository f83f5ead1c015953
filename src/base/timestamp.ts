let lastMs = Number.NaN;
let lastText = "";

/**
 * The time now as ISO 8601 in UTC with milliseconds. Made once a millisecond, since many events share
 * one and making it costs more than the rest of an event.
 */
export function timestamp(): string {
  const nowMs = Date.now();
  if (nowMs !== lastMs) {
    lastMs = nowMs;
    lastText = new Date(nowMs).toISOString();
  }
  return lastText;
}

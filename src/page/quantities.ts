const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** Bytes as people read them: `512 B`, `1.7 MB`, `25.3 GB`. In powers of 1,000, as the command line. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${BYTE_UNITS[unit]}`;
}

/** A time span: `4 ms`, `1.2 s`, `3 min 05 s`, `2 h 04 min`. */
export function durationText(ms: number): string {
  const span = Math.max(0, ms);
  if (span < 999.5) return `${Math.round(span)} ms`;
  if (span < 59_950) return `${(span / 1000).toFixed(1)} s`;
  const seconds = Math.round(span / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${twoDigits(seconds % 60)} s`;
  const minutes = Math.floor(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} min`;
}

/** A rate of tokens: `0`, `7.3`, `470`. */
export function rateText(perSecond: number): string {
  return perSecond >= 99.95 || perSecond === 0 ? `${Math.round(perSecond)}` : perSecond.toFixed(1);
}

/** A time of day with seconds in the person's own zone and manner; with the date where it is not today's. */
export function timeText(at: string): string {
  const time = new Date(at);
  const clock = time.toLocaleTimeString();
  return time.toDateString() === new Date().toDateString()
    ? clock
    : `${time.toLocaleDateString()} ${clock}`;
}

/** How many, with the word for one or for several: `1 worker`, `3 workers`. */
export function countText(count: number, word: string): string {
  return `${count.toLocaleString()} ${word}${count === 1 ? "" : "s"}`;
}

function twoDigits(value: number): string {
  return `${value}`.padStart(2, "0");
}

/**
 * Prints so many lines of 100 bytes as fast as they are taken, and then on standard error, as JSON, how
 * long its longest write was held up.
 */
const BLOCK_LINES = 655;

const count = Number(Deno.args[0]);
const encoder = new TextEncoder();
let longestMs = 0;
let written = 0;
while (written < count) {
  const lines = Math.min(BLOCK_LINES, count - written);
  const text = Array.from(
    { length: lines },
    (_, i) => `line ${written + i} `.padEnd(99, "x") + "\n",
  );
  const bytes = encoder.encode(text.join(""));
  const startedMs = performance.now();
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
  longestMs = Math.max(longestMs, performance.now() - startedMs);
  written += lines;
}
Deno.stderr.writeSync(encoder.encode(JSON.stringify({ longestMs }) + "\n"));

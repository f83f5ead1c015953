import { delay } from "../../../src/base/delay.ts";

const EVERY_MS = 20;
const PATIENCE_MS = 60_000;

/** Waits until a program takes connections at `port`. It is ended when it does not. */
export async function untilItListens(port: number, child: Deno.ChildProcess): Promise<void> {
  let hasEnded = false;
  const status = child.status.finally(() => hasEnded = true);
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (!hasEnded && performance.now() < deadlineMs) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      await delay(EVERY_MS);
    }
  }
  if (!hasEnded) child.kill("SIGKILL");
  throw new Error(`A program did not listen at port ${port}; it ended with ${(await status).code}`);
}

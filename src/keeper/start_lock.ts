import { unlessAborted, within } from "../base/delay.ts";
import { cannotWrite } from "../base/file_error.ts";
import { ensureFolder, type Paths } from "../config/paths.ts";
import { narrate } from "../narration/narrate.ts";

const SAY_AFTER_MS = 300;

/**
 * Takes the lock of a role of this home, so that of several commands only one at a time starts or stops
 * it. Says so when it has to wait. Dispose to give it back; the end of the process does so too.
 *
 * @throws {RbeeError} `cannot_write` If the state folder cannot be written.
 * @throws {unknown} If `signal` aborts while waiting: its reason.
 */
export async function lockRole(
  role: "queen" | "hive",
  paths: Paths,
  options: { signal: AbortSignal },
): Promise<Disposable> {
  await ensureFolder(paths.state);
  const path = `${paths.state}/${role}.lock`;
  const file = await Deno.open(path, { create: true, write: true, mode: 0o600 })
    .catch((error: unknown) => {
      throw cannotWrite(path, error);
    });
  const locked = file.lock(true);
  try {
    if (!await unlessAborted(within(locked.then(() => true), SAY_AFTER_MS), options.signal)) {
      narrate(`${role}_wait`, `Waiting for another command that starts or stops the ${role}`);
      await unlessAborted(locked, options.signal);
    }
  } catch (error) {
    // It is given back as soon as it is got, if the process lives that long.
    locked.then(() => file.close(), () => file.close());
    throw error;
  }
  return { [Symbol.dispose]: () => file.close() };
}

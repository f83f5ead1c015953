import { AsyncLocalStorage } from "node:async_hooks";

/** What all narration inside a call knows without being told. */
export interface NarrationContext {
  /** The job whose log also receives what is narrated. */
  jobId?: string | undefined;
  /** What ties the jobs of one request together on every hop. */
  correlationId?: string | undefined;
  /** Who speaks; the process's own role by default. */
  actor?: string | undefined;
}

/** Where a piece of narration goes beside this process's output. */
export type NarrationMode = { mode: "standalone" } | { mode: "job"; jobId: string };

const storage = new AsyncLocalStorage<NarrationContext>();
const NONE: NarrationContext = {};

/**
 * Runs `body` with `context` laid over the one in force. It holds across `await`, timers, streams and
 * tasks started inside, and ends with them; code outside never sees it.
 */
export function withNarrationContext<T>(context: NarrationContext, body: () => T): T {
  return storage.run({ ...storage.getStore(), ...context }, body);
}

/** Runs `body` in no job, for work that outlives the job which happened to start it. */
export function withoutNarrationContext<T>(body: () => T): T {
  return storage.run(NONE, body);
}

/** The context in force; empty outside of any. */
export function narrationContext(): NarrationContext {
  return storage.getStore() ?? NONE;
}

/** Tells whether narration here belongs to a job. */
export function narrationMode(): NarrationMode {
  const { jobId } = narrationContext();
  return jobId === undefined ? { mode: "standalone" } : { mode: "job", jobId };
}

import { messageOf, type RbeeError } from "../base/rbee_error.ts";
import type { JournalSettings } from "../config/rbee_yaml.ts";
import type { DelegatedJob } from "../contracts/job_record.ts";
import { SqliteJournal } from "../journal/sqlite_journal.ts";
import { narrate } from "../narration/narrate.ts";
import type { Job } from "./job.ts";
import { JobClient } from "./job_client.ts";
import { JobRegistry } from "./job_registry.ts";

/** The jobs of a role that keeps them beyond its process. */
export interface KeptJobs extends AsyncDisposable {
  registry: JobRegistry;
  /** Where they are kept. */
  journal: SqliteJournal;
  /** Jobs elsewhere whose own job here was interrupted. */
  orphans: DelegatedJob[];
}

const HOUR_MS = 3_600_000;
const MEBIBYTE = 1024 * 1024;
const CANCEL_MS = 5000;

/**
 * Opens the journal of a role and takes up what it kept. Disposing flushes and closes it.
 *
 * @param options.interruption How a job ends that ran when its process died. Default: `interrupted`.
 */
export function openKeptJobs(
  path: string,
  settings: JournalSettings,
  options: { interruption?: (job: Job) => RbeeError } = {},
): KeptJobs {
  const journal = new SqliteJournal({
    path,
    keepAnswers: settings.keep_completions,
    maxJobBytes: settings.max_job_mib * MEBIBYTE,
  });
  const registry = new JobRegistry({
    journal,
    maxEndedJobs: settings.max_jobs,
    maxEndedAgeMs: settings.max_age_hours * HOUR_MS,
    maxJournalBytes: settings.max_mib * MEBIBYTE,
  });
  const orphans = registry.restore(options.interruption);
  return { registry, journal, orphans, [Symbol.asyncDispose]: () => journal.close() };
}

/**
 * Cancels jobs elsewhere that nobody waits for any more. Who cannot be reached ends them by itself,
 * since nobody reads their streams.
 */
export async function cancelOrphans(orphans: readonly DelegatedJob[]): Promise<void> {
  await Promise.all(orphans.map(async ({ url, job_id }) => {
    try {
      await new JobClient(url).cancel(job_id, { signal: AbortSignal.timeout(CANCEL_MS) });
      narrate("orphan_cancel", `Cancelled ${job_id}, which ran for an interrupted job`);
    } catch (error) {
      narrate("orphan_cancel", `Did not cancel ${job_id}: ${messageOf(error)}`, { level: "debug" });
    }
  }));
}

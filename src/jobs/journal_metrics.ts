import type { SqliteJournal } from "../journal/sqlite_journal.ts";
import type { RoleMetrics } from "../metrics/role_metrics.ts";

/** Adds the figures of a role's journal, read when they are asked for. */
export function addJournalMetrics(
  metrics: RoleMetrics,
  journal: Pick<SqliteJournal, "bytes" | "waitingBytes" | "written">,
): void {
  metrics.gauge(
    { name: "journal_size_bytes", help: "Events that the journal keeps, in bytes" },
    () => journal.bytes,
  );
  metrics.gauge(
    { name: "journal_waiting_bytes", help: "Events that are yet to be written, in bytes" },
    () => journal.waitingBytes,
  );
  metrics.counter(
    { name: "journal_writes_total", help: "Writes to the journal's file" },
    () => journal.written.writes,
  );
  metrics.counter(
    { name: "journal_written_bytes_total", help: "Events that were written, in bytes" },
    () => journal.written.bytes,
  );
}

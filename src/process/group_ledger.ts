import { z } from "zod";
import { messageOf } from "../base/rbee_error.ts";
import { narrate } from "../narration/narrate.ts";

/** The variable by which a process is known to be of a worker, however far it has moved. */
export const WORKER_VARIABLE = "RBEE_WORKER";

const entrySchema = z.object({
  /** The value of `RBEE_WORKER` in its environment. */
  mark: z.string().min(1),
  /** Null until it has been started. */
  pgid: z.number().int().min(2).nullable(),
  /** Of the group's first process; null where it cannot be known. */
  start_time: z.string().nullable(),
});
/** A process group that this program started. */
export type LedgerEntry = z.infer<typeof entrySchema>;

const ledgerSchema = z.object({ boot_id: z.string(), groups: z.array(entrySchema) });

/**
 * The process groups that a hive has running, on disk, so that the next hive can end what is left of
 * them after this one was killed. An entry is written before its process starts, so that there is no
 * moment in which a process is not in the list. An empty list has no file. Without a path it keeps
 * nothing.
 */
export class GroupLedger {
  readonly #path: string | undefined;
  readonly #groups = new Map<string, LedgerEntry>();
  #failed = false;

  constructor(path?: string) {
    this.#path = path;
  }

  /** The groups on the list. */
  get groups(): LedgerEntry[] {
    return [...this.#groups.values()];
  }

  /** Notes a group that is about to start, or what is now known of it. */
  note(entry: LedgerEntry): void {
    this.#groups.set(entry.mark, entry);
    this.#write();
  }

  /** Takes a group off the list, when nothing is left of it. */
  remove(mark: string): void {
    if (this.#groups.delete(mark)) this.#write();
  }

  /** Synchronous: what is started next must not be there before it is on disk. */
  #write(): void {
    if (this.#path === undefined) return;
    const temporary = `${this.#path}.new`;
    try {
      if (this.#groups.size === 0) return Deno.removeSync(this.#path);
      const ledger = { boot_id: bootId(), groups: [...this.#groups.values()] };
      Deno.writeTextFileSync(temporary, JSON.stringify(ledger) + "\n", { mode: 0o600 });
      Deno.renameSync(temporary, this.#path);
      this.#failed = false;
    } catch (error) {
      // Workers are of more use than the list of them; said once, until it works again.
      if (!this.#failed) {
        narrate("ledger", `Cannot write ${this.#path}: ${messageOf(error)}`, { level: "warn" });
      }
      this.#failed = true;
    }
  }
}

/** What a ledger holds of this boot; nothing when there is none, or none that can be read. */
export async function readLedger(path: string): Promise<LedgerEntry[]> {
  try {
    const ledger = ledgerSchema.parse(JSON.parse(await Deno.readTextFile(path)));
    // After a boot every number may be another's.
    return ledger.boot_id === bootId() ? ledger.groups : [];
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) {
      narrate("ledger", `Cannot read ${path}: ${messageOf(error)}`, { level: "warn" });
    }
    return [];
  }
}

/** Names this boot of the machine, see random(4); empty where there is no /proc. */
function bootId(): string {
  try {
    return Deno.readTextFileSync("/proc/sys/kernel/random/boot_id").trim();
  } catch {
    return "";
  }
}

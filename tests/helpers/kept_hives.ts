import { lostWithItsHive } from "../../src/hive/ended_workers.ts";
import { type KeptJobs, openKeptJobs } from "../../src/jobs/kept_jobs.ts";
import { copyAsAfterACrash } from "./journal_folder.ts";
import { engineHive, type EngineHiveOptions } from "./engine_hive.ts";
import { journalSettings } from "./kept_role.ts";
import { TemporaryFolder } from "./temporary_folder.ts";
import type { TestHive } from "./test_hive.ts";

/** Hives one after another that keep the logs of their workers in the same file. */
export class KeptHives implements AsyncDisposable {
  readonly #folder: TemporaryFolder;
  #path: string;
  #open: { hive: TestHive; kept: KeptJobs }[] = [];

  private constructor(folder: TemporaryFolder) {
    this.#folder = folder;
    this.#path = folder.join("hive-workers.db");
  }

  static async make(): Promise<KeptHives> {
    return new KeptHives(await TemporaryFolder.make());
  }

  /** Starts a hive with the fixture engine; see {@linkcode engineHive}. */
  start(flags: readonly string[] = [], options: EngineHiveOptions = {}): TestHive {
    const kept = openKeptJobs(this.#path, journalSettings(), { interruption: lostWithItsHive });
    const hive = engineHive(flags, { ...options, logs: kept.registry });
    this.#open.push({ hive, kept });
    return hive;
  }

  /** Ends the hive that runs, and writes all that it has to write. */
  async stop(): Promise<void> {
    const open = this.#open;
    this.#open = [];
    for (const { hive, kept } of open) {
      await hive[Symbol.asyncDispose]();
      await kept[Symbol.asyncDispose]();
    }
  }

  /** Leaves the hive that runs where it is: the next one finds what a hive that is killed now leaves. */
  async crash(): Promise<void> {
    for (const { kept } of this.#open) await kept.journal.flush();
    const copy = this.#folder.join(`copy-${crypto.randomUUID()}.db`);
    await copyAsAfterACrash(this.#path, copy);
    this.#path = copy;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#folder[Symbol.asyncDispose]();
  }
}

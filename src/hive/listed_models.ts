import { messageOf } from "../base/rbee_error.ts";
import type { ModelSize } from "../contracts/model.ts";
import { DEMO_MODEL, findModelFile } from "../models/model_file.ts";
import { narrate } from "../narration/narrate.ts";
import type { ModelStore } from "./model_store.ts";

/** What the list of a hive's models is made of. */
export interface ListedModelsOptions {
  store: Pick<ModelStore, "list">;
  /** Called when the list has changed. */
  onChange(): void;
}

/**
 * The models that are whole on a hive's disk, the demo model first, known without waiting: as they were
 * when somebody looked last.
 */
export class ListedModels {
  readonly #options: ListedModelsOptions;
  #models: ModelSize[] = [];
  #looking: Promise<void> | undefined;
  #wanted = false;
  #closed = false;
  #complaint: string | undefined;

  constructor(options: ListedModelsOptions) {
    this.#options = options;
  }

  /** Those of the last look; none before it. */
  get all(): ModelSize[] {
    return this.#models;
  }

  /**
   * Looks again. Resolves when the list holds what was on the disk at the call. Never rejects: what
   * cannot be read is narrated, the same only once, and the list stays as it was.
   */
  async look(): Promise<void> {
    if (this.#closed) return;
    // A look that runs may have passed what has just come.
    this.#wanted = true;
    this.#looking ??= this.#lookUntilSeen();
    await this.#looking;
  }

  /** Looks no more; resolves when a look that runs has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wanted = false;
    await this.#looking;
  }

  async #lookUntilSeen(): Promise<void> {
    while (this.#wanted) {
      this.#wanted = false;
      await this.#lookOnce();
    }
    this.#looking = undefined;
  }

  async #lookOnce(): Promise<void> {
    try {
      const { bytes } = await findModelFile(DEMO_MODEL);
      const stored = (await this.#options.store.list()).filter(({ isWhole }) => isWhole);
      const models = stored.map(({ name, files }) => ({
        name,
        bytes: files.reduce((sum, file) => sum + file.bytes, 0),
      }));
      this.#take([{ name: DEMO_MODEL, bytes }, ...models]);
      this.#complaint = undefined;
    } catch (error) {
      const complaint = `Cannot look which models are here: ${messageOf(error)}`;
      if (complaint === this.#complaint) return;
      this.#complaint = complaint;
      narrate("model_list", complaint, { level: "warn" });
    }
  }

  #take(models: ModelSize[]): void {
    if (JSON.stringify(models) === JSON.stringify(this.#models)) return;
    this.#models = models;
    if (!this.#closed) this.#options.onChange();
  }
}

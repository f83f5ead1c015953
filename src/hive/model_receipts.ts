import { join } from "node:path";
import { unlessAborted } from "../base/delay.ts";
import { RbeeError } from "../base/rbee_error.ts";
import type { ModelReceipt, ModelReceiveRequest } from "../contracts/model.ts";
import { requireDiskSpace } from "../models/disk_space.ts";
import { sumOfFile } from "../models/file_sum.ts";
import { PartFile, partPathOf } from "../models/part_file.ts";
import { ProgressMeter } from "../models/progress_meter.ts";
import { ProgressStory } from "../models/progress_story.ts";
import { isStorePath, nameOfPath } from "../models/stored_files.ts";
import { narrationContext, withNarrationContext } from "../narration/context.ts";
import { narrate } from "../narration/narrate.ts";
import { IncomingFile, notExpected } from "./incoming_file.ts";
import type { ModelStore } from "./model_store.ts";

/** How a model is received. */
export interface ReceiveOptions {
  /** Ends it; what has come is kept. */
  signal: AbortSignal;
  /** Told once what is to be sent; not at all where nothing is. */
  onMissing(missing: ModelReceipt["missing"]): void;
}

interface Announced {
  path: string;
  bytes: number;
  sha256: string;
}

/** Models that a hive is sent from another, block by block. */
export class ModelReceipts {
  readonly #store: Pick<ModelStore, "changed" | "folder" | "receive">;
  /** By path, those that are being sent. */
  readonly #incoming = new Map<string, IncomingFile>();

  constructor(store: Pick<ModelStore, "changed" | "folder" | "receive">) {
    this.#store = store;
  }

  /**
   * Receives a model: tells what of each file is missing, waits until all of it has been sent, checks
   * it, and gives the files their names. Where the model is being downloaded, or sent by another, that
   * is waited for instead; where it goes wrong, this one goes on from there.
   *
   * @throws {RbeeError} `bad_model_name` If the files are not those of a model; `disk_full` If there is
   * no room; `checksum_mismatch` If a file is another than was announced, which is thrown away;
   * `download_cancelled` If the model was removed meanwhile.
   * @throws {unknown} If the signal aborts: its reason.
   */
  async receive(request: ModelReceiveRequest, options: ReceiveOptions): Promise<void> {
    const { model, files } = request;
    if (files.some(({ path }) => !isStorePath(path)) || nameOfPath(files[0]!.path) !== model) {
      throw new RbeeError("bad_model_name", `The files are not those of ${model}`);
    }
    const missing = await this.#missing(files);
    if (missing.length === 0) return;
    const { signal } = options;
    await this.#store.receive(model, async (stop) => {
      // Who has joined another may find that this has brought some.
      const still = await this.#missing(missing);
      const both = AbortSignal.any([stop, signal]);
      try {
        if (still.length > 0) await this.#receive(request, still, { ...options, signal: both });
      } catch (error) {
        // Of whoever else waits for it, nobody has cancelled anything.
        if (!signal.aborted || stop.aborted) throw error;
        throw new RbeeError("download_failed", `Who copied ${model} here has gone; copy it again`);
      }
    }, signal);
    this.#store.changed();
  }

  /**
   * Takes a block of a file that is to be sent.
   *
   * @throws {RbeeError} `not_found` If it is not; or as {@linkcode IncomingFile.take}.
   */
  async take(path: string, offset: number, bytes: Uint8Array): Promise<void> {
    const file = this.#incoming.get(path);
    if (file === undefined) throw notExpected(path);
    await file.take(offset, bytes);
  }

  async #missing(files: readonly Announced[]): Promise<Announced[]> {
    const isThere = await Promise.all(
      files.map(({ path, bytes }) => isStored(join(this.#store.folder, path), bytes)),
    );
    return files.filter((_, index) => !isThere[index]);
  }

  async #receive(
    { model, files }: ModelReceiveRequest,
    missing: readonly Announced[],
    { signal, onMissing }: ReceiveOptions,
  ): Promise<void> {
    const incoming = new Map<string, IncomingFile>();
    const total = missing.reduce((sum, { bytes }) => sum + bytes, 0);
    const came = () => [...incoming.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    // The blocks come in requests of their own.
    const context = narrationContext();
    const story = new ProgressStory(`Receiving ${model}`, "model_receive");
    try {
      for (const { path, bytes, sha256 } of missing) {
        const name = nameOfPath(path) ?? path;
        const own = join(this.#store.folder, path);
        const onBytes = () =>
          withNarrationContext(context, () => {
            story.tell(() => meter.at(came()), { isLast: came() === total });
          });
        incoming.set(path, await IncomingFile.open(own, { name, bytes, sha256, onBytes }));
      }
      if (came() > 0) story.note(`Going on with ${model} from where it broke off`);
      const meter = new ProgressMeter({ total: () => total, bytes: came() });
      await requireDiskSpace(this.#store.folder, { name: model, bytes: total - came() });
      for (const [path, file] of incoming) this.#incoming.set(path, file);
      try {
        onMissing(
          files.map(({ path }) =>
            (incoming.get(path)?.missing ?? []).map(([start, end]) => [start, end])
          ),
        );
        await unlessAborted(
          Promise.all([...incoming.values()].map(({ whole }) => whole)),
          signal,
        );
      } finally {
        for (const path of incoming.keys()) this.#incoming.delete(path);
      }
      for (const { path, bytes, sha256 } of missing) {
        await this.#check({ path, bytes, sha256 }, signal);
        await incoming.get(path)!.finish();
      }
    } finally {
      for (const file of incoming.values()) await file.close();
    }
  }

  async #check({ path, bytes, sha256 }: Announced, signal: AbortSignal): Promise<void> {
    const own = join(this.#store.folder, path);
    const name = nameOfPath(path) ?? path;
    const story = new ProgressStory(`Checking ${name}`, "model_check");
    const meter = new ProgressMeter({ total: () => bytes });
    const sum = await sumOfFile(partPathOf(own), {
      signal,
      onBytes: (read) => story.tell(() => meter.at(read), { isLast: read === bytes }),
    });
    if (sum === sha256) {
      narrate("model_check", `${name} has the right SHA-256`, { fields: { sha256 } });
      return;
    }
    await PartFile.remove(own);
    throw new RbeeError(
      "checksum_mismatch",
      `${name} came with another SHA-256 than it had, and was thrown away; copy it again`,
    );
  }
}

async function isStored(path: string, bytes: number): Promise<boolean> {
  try {
    return (await Deno.stat(path)).size === bytes;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

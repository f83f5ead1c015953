import { join } from "node:path";
import { RbeeError, toRbeeError } from "../base/rbee_error.ts";
import type { ModelDetails, StoredModel } from "../contracts/model.ts";
import { quantisationOf } from "../models/choose_files.ts";
import { type GgufFacts, readGgufFacts } from "../models/gguf_facts.ts";
import { DEMO_MODEL, findModelFile } from "../models/model_file.ts";
import type { StoredFiles } from "../models/stored_files.ts";
import { narrate } from "../narration/narrate.ts";
import type { ModelStore } from "./model_store.ts";
import type { WorkerLifecycle } from "./worker_lifecycle.ts";

/** What models are told with. */
export interface StoredModelsOptions {
  /** What the hive is called. */
  hive: string;
  store: ModelStore;
  workers: Pick<WorkerLifecycle, "running">;
}

interface Facts {
  key: string;
  facts: GgufFacts;
}

/** Tells what models a hive has, what they are, and who uses them. */
export class StoredModels {
  readonly #options: StoredModelsOptions;
  /** By path; true for as long as the file's size and time are. */
  readonly #facts = new Map<string, Facts>();

  constructor(options: StoredModelsOptions) {
    this.#options = options;
  }

  /** All of them: the demo model, and what is in the store. */
  async list(): Promise<StoredModel[]> {
    const users = await this.#users();
    const stored = await this.#options.store.list();
    return await Promise.all([
      this.#demo(users),
      ...stored.map((files) => this.#tell(files, users)),
    ]);
  }

  /**
   * One model, by any name that means it.
   *
   * @throws {RbeeError} `model_not_found` If it is not here.
   */
  async get(model: string): Promise<StoredModel> {
    const users = await this.#users();
    if (model === DEMO_MODEL) return await this.#demo(users);
    return await this.#tell(await this.files(model), users);
  }

  /** The same with what its header says. */
  async details(model: string): Promise<ModelDetails> {
    const told = await this.get(model);
    const [path] = await this.paths(model);
    const { values: facts } = await this.#factsOf(path!);
    return { ...told, facts };
  }

  /** Where its files are, in order. @throws {RbeeError} `model_not_found` If it is not here, or not whole. */
  async paths(model: string): Promise<string[]> {
    if (model === DEMO_MODEL) return [(await findModelFile(model)).path];
    const { files, isWhole, name } = await this.files(model);
    if (isWhole) return files.map(({ path }) => join(this.#options.store.folder, path));
    throw new RbeeError(
      "model_not_found",
      `Only a part of ${name} is here; fetch the rest with rbee model download ${name}`,
    );
  }

  /** Its files in the store. @throws {RbeeError} `model_not_found` If it is not here. */
  async files(model: string): Promise<StoredFiles> {
    const found = await this.#options.store.find(model);
    if (found !== undefined) return found;
    throw new RbeeError(
      "model_not_found",
      `Hive "${this.#options.hive}" does not have ${model}; see rbee model list, or fetch it with rbee model download ${model}`,
      // A queen may know this hive by another name, and says it with that.
      { details: { lacks: model } },
    );
  }

  /** The ids of workers by the path of the file that they have, without links. */
  async #users(): Promise<Map<string, string[]>> {
    const users = new Map<string, string[]>();
    for (const { id, spec } of this.#options.workers.running()) {
      // Of an engine of another kind the name may mean nothing here.
      const path = await this.#options.store.pathOf(spec.model).catch(() => undefined);
      if (path === undefined) continue;
      const own = await withoutLinks(path);
      users.set(own, [...users.get(own) ?? [], id]);
    }
    return users;
  }

  async #demo(users: ReadonlyMap<string, string[]>): Promise<StoredModel> {
    const { path, bytes } = await findModelFile(DEMO_MODEL);
    return {
      name: DEMO_MODEL,
      hive: this.#options.hive,
      state: "stored",
      files: [{ path: `${DEMO_MODEL}.gguf`, bytes }],
      bytes,
      ...inShort([await this.#factsOf(path)]),
      used_by: users.get(await withoutLinks(path)) ?? [],
    };
  }

  async #tell(
    { name, files, isWhole }: StoredFiles,
    users: ReadonlyMap<string, string[]>,
  ): Promise<StoredModel> {
    const { store, hive } = this.#options;
    const paths = files.map(({ path }) => join(store.folder, path));
    let facts: GgufFacts[] = [];
    try {
      if (isWhole) facts = await Promise.all(paths.map((path) => this.#factsOf(path)));
    } catch (error) {
      // It is listed all the same, so that it can be removed.
      narrate("model_list", toRbeeError(error).message, { level: "warn" });
    }
    const told = inShort(facts);
    const own = await Promise.all(paths.map(withoutLinks));
    return {
      name,
      hive,
      state: isWhole ? "stored" : store.isDownloading(name) ? "downloading" : "partial",
      files,
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      ...told,
      quantisation: told.quantisation ?? quantisationOf(name) ?? null,
      used_by: [...new Set(own.flatMap((path) => users.get(path) ?? []))],
    };
  }

  async #factsOf(path: string): Promise<GgufFacts> {
    const { size, mtime } = await Deno.stat(path);
    const key = `${size} ${mtime?.getTime()}`;
    const known = this.#facts.get(path);
    if (known?.key === key) return known.facts;
    const facts = await readGgufFacts(path);
    this.#facts.set(path, { key, facts });
    return facts;
  }
}

/** Where a file is, with all links followed. */
async function withoutLinks(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch {
    // What is not there, or cannot be looked at, has no other name that matters.
    return path;
  }
}

/** Of a split model the first file tells most, and each its own weights. */
function inShort(parts: readonly GgufFacts[]) {
  const [first] = parts;
  return {
    quantisation: first?.quantisation ?? null,
    parameters: first === undefined
      ? null
      : parts.reduce((sum, { parameters }) => sum + parameters, 0),
    context: first?.context ?? null,
    architecture: first?.architecture ?? null,
  };
}

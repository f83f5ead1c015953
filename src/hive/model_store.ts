import { join } from "node:path";
import { RbeeError } from "../base/rbee_error.ts";
import { singleLine } from "../base/single_line.ts";
import { chooseFiles, type FilePick, firstPartOf, partsOf } from "../models/choose_files.ts";
import type { DownloadOptions } from "../models/download.ts";
import { fetchModel } from "../models/fetch_model.ts";
import { hubOfEnvironment, listHubFiles } from "../models/hub.ts";
import { inWords } from "../models/memory_fit.ts";
import { DEMO_MODEL, findModelFile } from "../models/model_file.ts";
import { type ModelRef, parseModelRef } from "../models/model_ref.ts";
import { nameOfFile, type RemoteFile } from "../models/remote_file.ts";
import {
  hubFolder,
  isStorePath,
  listStoredFiles,
  nameOfPath,
  type StoredFiles,
  urlPath,
} from "../models/stored_files.ts";
import { narrate } from "../narration/narrate.ts";
import { checkModelName } from "./model_name.ts";
import type { ProvidedModel } from "./provide_model.ts";
import { SharedDownloads } from "./shared_downloads.ts";

/** Where the models of a hive are kept, and how they are fetched. */
export interface ModelStoreOptions {
  /** Where the files are. Made when the first comes. */
  folder: string;
  /** Whether `http://` may lead off this machine. Default false. */
  allowHttp?: () => boolean;
  /** The environment of `HF_ENDPOINT` and `HF_TOKEN`. Default: this process's. */
  env?: (name: string) => string | undefined;
  /** Called when files have come or gone. */
  onChange?: () => void;
  download?: Pick<DownloadOptions, "connections" | "pieceBytes" | "stallMs" | "retry">;
}

/** A name that is kept by a store: of a hub or an address. */
type StoredRef = Extract<ModelRef, { kind: "hub" | "url" }>;

/** The models of a hive: those on its disk, and those that can be fetched. */
export class ModelStore {
  readonly folder: string;
  readonly #options: ModelStoreOptions;
  readonly #downloads = new SharedDownloads();
  readonly #closing = new AbortController();
  /** What each name has last been given as, since a name can mean another file later. */
  readonly #given = new Map<string, string>();

  constructor(options: ModelStoreOptions) {
    this.folder = options.folder;
    this.#options = options;
  }

  /** All models on the disk, those that have only begun to come too, by name. */
  list(): Promise<StoredFiles[]> {
    return listStoredFiles(this.folder);
  }

  /** Whether a model, by the name that {@linkcode ModelStore.list} gives it, is being fetched. */
  isDownloading(name: string): boolean {
    return this.#downloads.has(name);
  }

  /**
   * The model that a name means: one that is whole, else one that has begun to come.
   *
   * @throws {RbeeError} `bad_model_name` or `model_not_found` If it is no name of a model, or of one that
   * no store keeps.
   */
  async find(model: string): Promise<StoredFiles | undefined> {
    const ref = this.#storedRef(model);
    const all = await this.list();
    return pick(ref, all.filter(({ isWhole }) => isWhole)) ??
      pick(ref, all.filter(({ isWhole }) => !isWhole));
  }

  /**
   * The file of a model, for a worker: fetched first where it is not there. Several that ask at once
   * share one download. What happens is narrated in the job that runs here.
   *
   * @throws {RbeeError} Why it cannot be had.
   * @throws {unknown} If `signal` aborts: its reason.
   */
  async provide(model: string, signal: AbortSignal): Promise<ProvidedModel> {
    const ref = this.#parse(model);
    if (ref.kind === "demo" || ref.kind === "path") {
      await checkModelName(model);
      const file = await findModelFile(model);
      this.#given.set(model, file.path);
      return file;
    }
    const { name: storedName, files } = await this.download(model, signal);
    const path = join(this.folder, files[0]!.path);
    const file = await findModelFile(path);
    this.#given.set(model, path);
    return { ...file, storedName, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0) };
  }

  /**
   * Fetches a model that is not there. See {@linkcode ModelStore.provide}.
   *
   * @throws {RbeeError} Why it cannot be had, or that no store keeps such a model.
   * @throws {unknown} If `signal` aborts: its reason.
   */
  async download(model: string, signal: AbortSignal): Promise<StoredFiles> {
    let known = await this.find(model);
    if (known !== undefined && this.#downloads.has(known.name)) {
      // A hub may be out of reach of a machine that is sent the model by another.
      await this.#downloads.join(known.name, signal);
      known = await this.find(model);
    }
    if (known?.isWhole) return known;
    const files = await this.#locate(model, AbortSignal.any([signal, this.#closing.signal]));
    const name = nameOfPath(files[0]!.path)!;
    const { download } = this.#options;
    const credentials = { allowHttp: this.#allowsHttp, ...this.#token() };
    const run = (stop: AbortSignal) =>
      fetchModel({ ...download, name, folder: this.folder, files, credentials, signal: stop });
    await this.#downloads.follow(name, { kind: "download", run }, signal);
    const stored = (await this.list()).find((each) => each.name === name);
    if (!stored?.isWhole) {
      throw new RbeeError("model_not_found", `${name} was removed while it came; try again`);
    }
    const bytes = stored.files.reduce((sum, file) => sum + file.bytes, 0);
    this.changed();
    narrate("model_download", `${name} is stored (${inWords(bytes)})`, { fields: { bytes } });
    return stored;
  }

  /**
   * Has a model sent here by `run`, or waits for who brings it already. See
   * {@linkcode SharedDownloads.follow}.
   *
   * @param name As {@linkcode ModelStore.list} gives it.
   */
  async receive(
    name: string,
    run: (stop: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#downloads.follow(name, { kind: "copy", run }, signal);
  }

  /** Ends what brings a model, if anything does, before it is removed. What came is kept. */
  async cancel(name: string): Promise<void> {
    await this.#downloads.cancel(name, "the model was removed");
  }

  /** Where the file is that a worker of this model has or would get; undefined where it has none yet. */
  async pathOf(model: string): Promise<string | undefined> {
    if (model === DEMO_MODEL) return (await findModelFile(model)).path;
    const given = this.#given.get(model);
    if (given !== undefined || !/^(hf:|https?:)/.test(model)) return given ?? model;
    const stored = await this.find(model);
    return stored === undefined ? undefined : join(this.folder, stored.files[0]!.path);
  }

  /** Tells that files have come or gone. */
  changed(): void {
    this.#options.onChange?.();
  }

  /**
   * Ends all downloads, and refuses those that are asked for from now on. What came is kept: who asks
   * for the model later goes on from there.
   */
  async close(): Promise<void> {
    const error = new RbeeError(
      "shutting_down",
      "The download was ended: the hive is stopping; ask for the model again, and it goes on",
    );
    this.#closing.abort(error);
    await this.#downloads.close(error);
  }

  /** Which files there are to fetch, in order. */
  async #locate(model: string, signal: AbortSignal): Promise<RemoteFile[]> {
    const ref = this.#storedRef(model);
    const files = ref.kind === "url"
      ? urlFiles(ref.url)
      : await this.#hubFiles(model, ref.repo, ref.pick, signal);
    const odd = files.find(({ path }) => !isStorePath(path));
    if (odd === undefined) return files;
    throw new RbeeError(
      "bad_model_name",
      `Cannot store "${
        singleLine(nameOfFile(odd))
      }": its name cannot be that of a file; choose another file`,
    );
  }

  async #hubFiles(
    model: string,
    repo: string,
    wanted: FilePick,
    signal: AbortSignal,
  ): Promise<RemoteFile[]> {
    const { env, download } = this.#options;
    const allowHttp = this.#allowsHttp;
    const { endpoint, token } = hubOfEnvironment(env);
    narrate("model_find", `Asking ${endpoint} for ${model}`);
    const all = await listHubFiles(
      repo,
      { endpoint, credentials: { allowHttp, token }, retry: download?.retry },
      signal,
    );
    const chosen = chooseFiles(`hf:${repo}`, all.map(({ path }) => path), wanted);
    return chosen.map((path) => {
      const file = all.find((each) => each.path === path)!;
      return { ...file, name: `hf:${repo}:${path}`, path: `${hubFolder(repo)}/${path}` };
    });
  }

  get #allowsHttp(): boolean {
    return this.#options.allowHttp?.() ?? false;
  }

  #token() {
    return { token: hubOfEnvironment(this.#options.env).token };
  }

  #parse(model: string): ModelRef {
    return parseModelRef(model, { allowHttp: this.#allowsHttp });
  }

  #storedRef(model: string): StoredRef {
    const ref = this.#parse(model);
    if (ref.kind === "hub" || ref.kind === "url") return ref;
    throw new RbeeError(
      "model_not_stored",
      ref.kind === "demo"
        ? `${model} comes with rbee, and is on every hive`
        : `"${model}" is a file that you keep yourself; a hive keeps what it fetches (hf:…, https://…)`,
    );
  }
}

function pick(ref: StoredRef, stored: readonly StoredFiles[]): StoredFiles | undefined {
  const first = ref.kind === "url" ? firstPartOf(urlPath(ref.url)) : firstOfHub(ref, stored);
  return stored.find(({ files }) => files.some(({ path }) => firstPartOf(path) === first));
}

function firstOfHub(
  { repo, pick: wanted }: Extract<StoredRef, { kind: "hub" }>,
  stored: readonly StoredFiles[],
): string | undefined {
  const folder = `${hubFolder(repo)}/`;
  // Of what has only begun to come, parts may be missing.
  const names = stored.flatMap(({ files }) =>
    files.flatMap(({ path }) => partsOf(firstPartOf(path)))
  )
    .filter((path) => path.startsWith(folder)).map((path) => path.slice(folder.length));
  try {
    return folder + chooseFiles(repo, names, wanted)[0]!;
  } catch (error) {
    if (error instanceof RbeeError && error.code === "model_not_found") return undefined;
    throw error;
  }
}

/** All parts of a split file have addresses alike. */
function urlFiles(url: URL): RemoteFile[] {
  const name = url.pathname.split("/").at(-1)!;
  return partsOf(firstPartOf(name)).map((part) => {
    const own = new URL(url);
    own.pathname = url.pathname.slice(0, -name.length) + part;
    return { name: own.href, path: urlPath(own), url: own.href };
  });
}

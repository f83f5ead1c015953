import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { messageOf, RbeeError } from "../base/rbee_error.ts";
import { cutText } from "../base/single_line.ts";
import { StaticFile } from "../http/static_file.ts";
import { narrate } from "../narration/narrate.ts";
import { FORM } from "../version.ts";
import { notBuilt, PAGE_FILES, pageFileType } from "./page_bundle.ts";
import { pageFolder } from "./page_cache.ts";
import { pageSourcesHash } from "./page_sources.ts";

/** Where the page comes from. */
export type PageOrigin =
  /** A folder that holds it, beside the built program. */
  | { folder: string }
  /** A checkout of the project that it is made of. */
  | { root: string };

/** What {@linkcode PageFiles} are given. */
export interface PageFilesOptions {
  /** The cache folder of this home, which keeps what is made. */
  cache: string;
  /** Default: that of the program that runs. */
  origin?: PageOrigin;
  /** Added to the environment of the bundler. */
  env?: Record<string, string>;
  /** A clock in milliseconds that never goes back. Default `performance.now`. */
  now?: () => number;
}

const DOCUMENT = "index.html";

/** By name. {@linkcode PAGE_FILES} are among them. */
type Files = ReadonlyMap<string, StaticFile>;

interface LoadedPage {
  hash: string | undefined;
  files: Files;
}

interface Failure {
  hash: string | undefined;
  error: unknown;
  atMs: number;
}

/**
 * How long what was found of the sources holds. To look at them all takes longer than all else that a
 * document takes, and anybody may ask for one.
 */
const LOOK_MS = 1000;

/** What is told of a cause: all that Deno says can be long. */
const MAX_CAUSE_CHARACTERS = 1000;

/** How long one failure answers for the same sources: whoever reloads must not start Deno each time. */
const RETRY_MS = 5000;

/**
 * The files of the page, in memory once they were asked for. In a source checkout they are made on the
 * first demand, and made again by a request for a document after a source has changed, for which they are
 * looked at once a second at most; however many ask, one Deno bundles.
 */
export class PageFiles {
  readonly #options: PageFilesOptions;
  readonly #origin: PageOrigin;
  readonly #now: () => number;
  readonly #ending = new AbortController();
  #loaded: LoadedPage | undefined;
  #loading: Promise<LoadedPage> | undefined;
  #failure: Failure | undefined;
  #told: string | undefined;
  /** When the sources were looked at last. */
  #lookedMs = -Infinity;

  constructor(options: PageFilesOptions) {
    this.#options = options;
    this.#origin = options.origin ?? ownOrigin();
    this.#now = options.now ?? (() => performance.now());
  }

  /**
   * The document, and with it the page that it belongs to.
   *
   * @throws {RbeeError} `page_not_built` If it cannot be had; `shutting_down` after
   * {@linkcode PageFiles.close}.
   */
  async document(): Promise<StaticFile> {
    return (await this.#load()).files.get(DOCUMENT)!;
  }

  /**
   * A file that the document or its script names, of the page that was loaded last.
   *
   * @throws {RbeeError} `not_found` If that page has none of this name, which one of before may have had;
   * others as {@linkcode PageFiles.document}.
   */
  async asset(name: string): Promise<StaticFile> {
    const file = (this.#loaded ?? await this.#load()).files.get(name);
    if (file === undefined || name === DOCUMENT) {
      throw new RbeeError("not_found", `The page has no file "${name}"; load the page again`);
    }
    return file;
  }

  /** Ends what is under way, and makes nothing from then on. Resolves when nothing of it is left. */
  async close(): Promise<void> {
    this.#ending.abort(new RbeeError("shutting_down", "The queen is stopping"));
    await this.#loading?.catch((error: unknown) => error);
  }

  #load(): Promise<LoadedPage> {
    return this.#loading ??= this.#loadAnew().finally(() => this.#loading = undefined);
  }

  async #loadAnew(): Promise<LoadedPage> {
    const { signal } = this.#ending;
    signal.throwIfAborted();
    if ("folder" in this.#origin) return this.#loaded ??= await readBuilt(this.#origin.folder);
    const { root } = this.#origin;
    const failure = this.#failure;
    if (this.#now() - this.#lookedMs < LOOK_MS) {
      if (failure !== undefined) throw failure.error;
      if (this.#loaded !== undefined) return this.#loaded;
    }
    this.#lookedMs = this.#now();
    let hash: string | undefined;
    try {
      hash = await pageSourcesHash(root);
      if (this.#loaded?.hash === hash) {
        this.#failure = undefined;
        return this.#loaded;
      }
      if (failure?.hash === hash && this.#now() - failure.atMs < RETRY_MS) throw failure.error;
      const { cache, env } = this.#options;
      const folder = await pageFolder({ root, cache, hash }, { signal, env });
      const files = await readFiles(folder).catch((error: unknown) => {
        // Without its path, which is nobody's business who only looks at the page.
        throw notBuilt("its files cannot be read", error);
      });
      narrate("page_bundle", `The page is loaded: ${sizeOf(files)} KiB`);
      this.#loaded = { hash, files };
      this.#failure = this.#told = undefined;
      return this.#loaded;
    } catch (error) {
      if (signal.aborted) throw error;
      if (error === failure?.error) throw error;
      this.#failure = { hash, error, atMs: this.#now() };
      this.#tell(error);
      throw error;
    }
  }

  /** Says it once, and not again for everyone who reloads, with what the page does not tell of it. */
  #tell(error: unknown): void {
    const { cause } = error as { cause?: unknown };
    const told = cause === undefined ? [] : [cutText(messageOf(cause), MAX_CAUSE_CHARACTERS)];
    const message = [messageOf(error), ...told].join(". It was: ");
    if (this.#told === message) return;
    this.#told = message;
    narrate("page_bundle", message, { level: "error" });
  }
}

/** What is built lies in one folder. */
function ownOrigin(): PageOrigin {
  const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  return FORM === "source" ? { root: at("../../") } : { folder: at("./page") };
}

function sizeOf(files: Files): number {
  const bytes = files.values().reduce((sum, file) => sum + file.bytes.length, 0);
  return Math.ceil(bytes / 1024);
}

async function readBuilt(folder: string): Promise<LoadedPage> {
  try {
    return { hash: undefined, files: await readFiles(folder) };
  } catch (error) {
    throw new RbeeError(
      "page_not_built",
      "Cannot read the page that comes with rbee; end it with rbee down and start it again, or install it anew",
      { cause: error },
    );
  }
}

async function readFiles(folder: string): Promise<Files> {
  const names = new Set(Object.keys(PAGE_FILES));
  for await (const { name } of Deno.readDir(folder)) {
    if (pageFileType(name) !== undefined) names.add(name);
  }
  const entries = [...names].map(async (name) => {
    const type = pageFileType(name)!;
    return [name, new StaticFile(await Deno.readFile(join(folder, name)), { type })] as const;
  });
  return new Map(await Promise.all(entries));
}

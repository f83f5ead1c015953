import { RbeeError } from "../base/rbee_error.ts";
import type { ByteRange } from "./byte_ranges.ts";
import { connectionFailure, httpFailure, PassingFailure } from "./http_failure.ts";
import { type Credentials, nameOfFile, type RemoteFile, requestFile } from "./remote_file.ts";

/** What a server sends of a file. */
export interface FileAnswer {
  /** `range`: from `start` on, of a file of `total`; `whole`: the file from its begin. */
  kind: "range" | "whole";
  start: number;
  /** Of the whole file; undefined when the server does not say. */
  total: number | undefined;
  /** What `If-Range` takes. */
  validator: string | undefined;
  /**
   * The bytes as they come. Leaving early, or the abort of the signal, closes the connection.
   *
   * @throws {PassingFailure} If the connection breaks, or brings nothing for too long.
   */
  read(): AsyncGenerator<Uint8Array, void, void>;
  /** Closes the connection, where nothing is to be read. */
  cancel(): Promise<void>;
}

/** How a file is asked for. */
export interface RangeRequest {
  file: RemoteFile;
  /** Undefined: the whole file, in one answer. */
  range: ByteRange | undefined;
  /** The answer is the whole file where this no longer holds. */
  ifRange?: string | undefined;
  credentials: Credentials;
  /** Past this without a byte, in milliseconds, the connection counts as broken. */
  stallMs: number;
  signal: AbortSignal;
}

/**
 * Asks for a run of a file's bytes, or for all of it.
 *
 * @throws {PassingFailure} If it may go well another time.
 * @throws {RbeeError} `download_unauthorized`, `model_not_found` or `download_failed`.
 * @throws {unknown} If `signal` aborts: its reason.
 */
export async function requestRange(request: RangeRequest): Promise<FileAnswer> {
  const { file, range, credentials, signal } = request;
  const [start, end] = range ?? [0, 0];
  const name = nameOfFile(file);
  const watch = new StallWatch(request.stallMs, signal);
  let opened: { answer: Response; url: URL };
  try {
    opened = await requestFile(file.url, {
      ...(range !== undefined && { Range: `bytes=${start}-${end - 1}` }),
      ...(request.ifRange === undefined ? {} : { "If-Range": request.ifRange }),
    }, { ...credentials, signal: watch.signal });
  } catch (error) {
    watch.close();
    signal.throwIfAborted();
    throw watch.failure(new URL(file.url)) ?? connectionFailure(error, new URL(file.url));
  }
  const { answer, url } = opened;
  const total = totalOf(answer);
  const refused = answer.status !== 206 && answer.status !== 200;
  const content = contentRange(answer);
  const isStrange = answer.status === 206 &&
    (range === undefined || content?.start !== start || total === undefined);
  if (refused || isStrange) {
    watch.close();
    await answer.body?.cancel();
    // Asked for the first byte, it says that there is none.
    if (answer.status === 416 && total === 0) {
      throw new RbeeError("download_failed", `Cannot fetch ${name}: ${url.host} has it empty`);
    }
    if (refused) throw httpFailure(name, answer, url);
    throw new RbeeError(
      "download_failed",
      `Cannot fetch ${name}: ${url.host} sends other bytes than those that were asked for`,
    );
  }
  const reader = (answer.body ?? new Blob([]).stream()).getReader();
  const isRange = answer.status === 206;
  return {
    kind: isRange ? "range" : "whole",
    start: isRange ? start : 0,
    total,
    validator: validatorOf(answer),
    async cancel() {
      watch.close();
      await close(reader);
    },
    read: () => readBytes(reader, { watch, signal, url }),
  };
}

async function* readBytes(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  options: { watch: StallWatch; signal: AbortSignal; url: URL },
): AsyncGenerator<Uint8Array, void, void> {
  const { watch, signal, url } = options;
  // The signal that `fetch` was given does not reach a body reliably.
  const cancel = () => void close(reader);
  watch.signal.addEventListener("abort", cancel, { once: true });
  try {
    for (;;) {
      watch.signal.throwIfAborted();
      const { done, value } = await reader.read();
      watch.signal.throwIfAborted();
      if (done) return;
      watch.moved();
      yield value;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw watch.failure(url) ?? connectionFailure(error, url);
  } finally {
    watch.signal.removeEventListener("abort", cancel);
    watch.close();
    await close(reader);
  }
}

/** A body that is broken cannot be cancelled, and need not be. */
async function close(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  await reader.cancel().catch((error: unknown) => error);
}

/** Aborts with a signal of another, or when nothing has moved for too long. */
class StallWatch {
  readonly #abort = new AbortController();
  readonly #outer: AbortSignal;
  readonly #stallMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stalled = false;
  readonly #onAbort = () => this.#abort.abort(this.#outer.reason);

  constructor(stallMs: number, outer: AbortSignal) {
    this.#stallMs = stallMs;
    this.#outer = outer;
    if (outer.aborted) this.#onAbort();
    outer.addEventListener("abort", this.#onAbort, { once: true });
    this.moved();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  moved(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#stalled = true;
      this.#abort.abort();
    }, this.#stallMs);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener("abort", this.#onAbort);
  }

  /** Undefined where it was not for want of movement. */
  failure({ host }: URL): PassingFailure | undefined {
    if (!this.#stalled) return undefined;
    return new PassingFailure(`${host} sent nothing for ${Math.ceil(this.#stallMs / 1000)} s`);
  }
}

/** See RFC 9110, section 14.4. */
function contentRange(answer: Response): { start: number } | undefined {
  const found = /^bytes (\d+)-(\d+)\//.exec(answer.headers.get("content-range") ?? "");
  return found === null ? undefined : { start: Number(found[1]) };
}

function totalOf(answer: Response): number | undefined {
  const { headers, status } = answer;
  const text = status === 200
    ? headers.get("content-length")
    : /\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1] ?? null;
  return text === null || !/^\d{1,15}$/.test(text) ? undefined : Number(text);
}

/** Only what is strong can say that bytes belong together. See RFC 9110, section 13.1.5. */
function validatorOf({ headers }: Response): string | undefined {
  const tag = headers.get("etag");
  if (tag !== null && /^"[^"]*"$/.test(tag)) return tag;
  return headers.get("last-modified") ?? undefined;
}

import { messageOf, RbeeError, toRbeeError } from "../base/rbee_error.ts";
import { narrate } from "../narration/narrate.ts";
import type { ByteRange } from "./byte_ranges.ts";
import { PassingFailure } from "./http_failure.ts";
import { canBeTold, canGoOn, conditionOf, isOfSameFile } from "./file_version.ts";
import { readGgufBegin } from "./gguf_begin.ts";
import type { PartFile } from "./part_file.ts";
import { type FileAnswer, requestRange } from "./range_request.ts";
import { type Credentials, nameOfFile, type RemoteFile } from "./remote_file.ts";
import { Retry, type RetryOptions } from "./retry.ts";

/** How a file is fetched. */
export interface DownloadOptions {
  credentials?: Credentials;
  /** Runs of bytes that are fetched at once. Default 4. */
  connections?: number;
  /** How long such a run is at most, in bytes. Default 32 MiB. */
  pieceBytes?: number;
  /** Past this without a byte, in milliseconds, a connection counts as broken. Default 60,000. */
  stallMs?: number;
  /** How long the journal may lack what has come, in milliseconds. Default 1,000. */
  saveEveryMs?: number;
  retry?: RetryOptions;
  /** Told whenever bytes have come, or some are no longer of use. */
  onBytes?: () => void;
  /**
   * Asked before the first byte with how many are to come; where nobody tells, again and again with how
   * many may come before the next time. Rejects to refuse.
   */
  admit?: (bytes: number) => Promise<void>;
  signal: AbortSignal;
}

const MAX_CHANGES = 2;
// How much may come of a file of which nobody tells how long it is, before the disk is looked at again.
const LOOK_EVERY_BYTES = 4 * 1024 * 1024;

/** The file at the server is not the one that was begun. */
class FileChanged extends Error {}

/**
 * Fetches what is missing of a file: several runs of bytes at once, or in one stream where the server
 * has no ranges, or nothing tells whether two of them are of the same file. What may pass is tried
 * again; what has come is kept, also when `signal` aborts, and thrown away only when it may be of
 * another file than the server has now.
 *
 * @throws {RbeeError} `download_unauthorized`, `model_not_found`, `download_failed`, `size_mismatch`,
 * `not_gguf`, `disk_full` or `cannot_write`.
 * @throws {unknown} If `signal` aborts: its reason.
 */
export async function downloadFile(
  part: PartFile,
  file: RemoteFile,
  options: DownloadOptions,
): Promise<void> {
  await new Download(part, file, options).run();
}

class Download {
  readonly #part: PartFile;
  readonly #file: RemoteFile;
  readonly #options: DownloadOptions;
  readonly #retry: Retry;
  readonly #pieceBytes: number;
  readonly #name: string;
  #inOneStream = false;
  #saveTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(part: PartFile, file: RemoteFile, options: DownloadOptions) {
    this.#part = part;
    this.#file = file;
    this.#options = options;
    this.#name = nameOfFile(file);
    this.#retry = new Retry(this.#name, options.retry);
    this.#pieceBytes = options.pieceBytes ?? 32 * 1024 * 1024;
  }

  async run(): Promise<void> {
    const { bytes, identity } = this.#part;
    if (bytes === 0 || !canGoOn(identity, this.#file)) await this.#startOver();
    try {
      for (let changes = 0; !this.#part.isWhole;) {
        try {
          await this.#fetchMissing();
        } catch (error) {
          if (!(error instanceof FileChanged)) throw error;
          this.#inOneStream = ++changes > MAX_CHANGES;
          const what = this.#inOneStream
            ? "changes with each answer of its server; fetching it in one stream"
            : "cannot be taken up where it broke off; starting again";
          narrate("download_restart", `${this.#name} ${what}`, { level: "warn" });
          await this.#startOver();
        }
      }
    } catch (error) {
      // The next attempt goes on from here, whatever this one ended with.
      await this.#part.save().catch((saving: unknown) => {
        const isTold = error instanceof RbeeError && toRbeeError(saving).code === error.code;
        narrate("download_save", messageOf(saving), { level: isTold ? "debug" : "warn" });
      });
      this.#options.signal.throwIfAborted();
      throw error;
    } finally {
      clearTimeout(this.#saveTimer);
    }
    await this.#part.save();
  }

  async #startOver(): Promise<void> {
    const { bytes: total, sha256, url } = this.#file;
    await this.#part.reset({ total, sha256, url });
    this.#options.onBytes?.();
  }

  /** The first answer decides how: with ranges, or in one stream. */
  async #fetchMissing(): Promise<void> {
    const { signal, connections = 4 } = this.#options;
    if (this.#inOneStream) return await this.#fetchWhole();
    const first: ByteRange = this.#part.identity.total === undefined
      ? [0, this.#pieceBytes]
      : this.#part.missing(this.#pieceBytes)[0]!;
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const answer = await this.#retry.until(() => this.#ask(first, both), signal);
    try {
      // What is there is of another file, or the server has no ranges any more.
      if (answer.kind === "whole" && this.#part.bytes > 0) throw new FileChanged();
      if (answer.kind === "range") {
        this.#take(answer);
        await this.#options.admit?.(answer.total! - this.#part.bytes);
      }
    } catch (error) {
      await answer.cancel();
      throw error;
    }
    if (answer.kind === "whole") return await this.#fetchWhole(answer);
    if (!canBeTold(this.#part.identity)) {
      await answer.cancel();
      this.#inOneStream = true;
      return;
    }
    const end = Math.min(first[1], answer.total!);
    const rest = this.#part.missing(this.#pieceBytes)
      .filter(([start]) => start !== first[0]);
    const next = async (begun?: { range: ByteRange; answer: FileAnswer }) => {
      try {
        if (begun !== undefined) await this.#fetchRange(begun.range, both, begun.answer);
        for (let range = rest.shift(); range !== undefined; range = rest.shift()) {
          await this.#fetchRange(range, both);
        }
      } catch (error) {
        // One that cannot go on ends them all; the first to say so has the reason.
        stop.abort(error);
        throw error;
      }
    };
    const others = Array.from({ length: Math.min(connections - 1, rest.length) }, () => next());
    const all = [next({ range: [first[0], end], answer }), ...others];
    const ended = await Promise.allSettled(all);
    if (ended.some(({ status }) => status === "rejected")) {
      signal.throwIfAborted();
      throw stop.signal.reason;
    }
  }

  async #ask(run: ByteRange, signal: AbortSignal): Promise<FileAnswer> {
    const { credentials = {}, stallMs = 60_000 } = this.#options;
    const asked = this.#inOneStream
      ? { range: undefined }
      : { range: run, ifRange: conditionOf(this.#part.identity) };
    return await requestRange({ file: this.#file, ...asked, credentials, stallMs, signal });
  }

  /** @throws {FileChanged} If it is of another file. @throws {RbeeError} `size_mismatch` */
  #take(answer: FileAnswer): void {
    if (this.#file.bytes !== undefined && answer.total !== this.#file.bytes) {
      throw this.#wrongSize(answer.total ?? 0, this.#file.bytes);
    }
    const known = this.#part.identity;
    if (!isOfSameFile(known, answer)) throw new FileChanged();
    // The first answer says what all others have to be.
    const { total = answer.total, validator = answer.validator } = known;
    this.#part.identify({ total, validator });
  }

  /** Fetches one run, again and again from where it broke off. */
  async #fetchRange(range: ByteRange, signal: AbortSignal, begun?: FileAnswer): Promise<void> {
    let [at] = range;
    const [, end] = range;
    let given = begun;
    while (at < end) {
      try {
        const answer = given ?? await this.#ask([at, end], signal);
        given = undefined;
        try {
          if (answer.kind === "whole") throw new FileChanged();
          this.#take(answer);
        } catch (error) {
          await answer.cancel();
          throw error;
        }
        using writer = await this.#part.writeFrom(at);
        for await (const bytes of this.#read(answer, at)) {
          const wanted = bytes.subarray(0, end - at);
          await writer.write(wanted);
          at += wanted.length;
          this.#moved();
          if (at >= end) break;
        }
        if (at < end) throw new PassingFailure(`${this.#host} broke off before the end`);
      } catch (error) {
        await this.#retry.failed(error, signal);
      }
    }
  }

  /** Fetches all of it in one stream, from the begin each time. */
  async #fetchWhole(begun?: FileAnswer): Promise<void> {
    const { signal } = this.#options;
    let given = begun;
    // Bytes that have to be fetched again are no progress.
    const retry = new Retry(this.#name, { ...this.#options.retry, keeps: false });
    for (;;) {
      try {
        const answer: FileAnswer = given ?? await this.#ask([0, this.#pieceBytes], signal);
        given = undefined;
        if (answer.kind === "range") {
          // It has ranges after all.
          await answer.cancel();
          return;
        }
        if (await this.#streamWhole(answer)) return;
        throw new PassingFailure(`${this.#host} broke off before the end`);
      } catch (error) {
        await retry.failed(error, signal);
      }
    }
  }

  /** Returns whether all of it came. */
  async #streamWhole(answer: FileAnswer): Promise<boolean> {
    const { bytes: expected, sha256, url } = this.#file;
    const { admit = () => Promise.resolve() } = this.#options;
    const total = answer.total ?? expected;
    try {
      if (expected !== undefined && total !== expected) throw this.#wrongSize(total ?? 0, expected);
      await this.#part.reset({ total, sha256, url, validator: answer.validator });
      await admit(total ?? LOOK_EVERY_BYTES);
    } catch (error) {
      await answer.cancel();
      throw error;
    }
    let admitted = total ?? LOOK_EVERY_BYTES;
    using writer = await this.#part.writeFrom(0);
    for await (const bytes of this.#read(answer, 0)) {
      const there = this.#part.bytes + bytes.length;
      if (total !== undefined && there > total) throw this.#wrongSize(there, total);
      if (there > admitted) {
        await admit(bytes.length + LOOK_EVERY_BYTES);
        admitted = there + LOOK_EVERY_BYTES;
      }
      await writer.write(bytes);
      this.#moved();
    }
    if (total !== undefined && this.#part.bytes < total) return false;
    // Where nobody said how long it is, its end is all that tells.
    this.#part.identify({ total: this.#part.bytes });
    return true;
  }

  #read(answer: FileAnswer, at: number): AsyncIterable<Uint8Array> {
    return at > 0 ? answer.read() : readGgufBegin(answer.read(), this.#file);
  }

  #moved(): void {
    this.#retry.succeeded();
    this.#options.onBytes?.();
    const { saveEveryMs = 1000 } = this.#options;
    this.#saveTimer ??= setTimeout(() => {
      this.#saveTimer = undefined;
      // What it fails with, the next write fails with, too.
      this.#part.save().catch((error: unknown) => {
        narrate("download_save", messageOf(error), { level: "debug" });
      });
    }, saveEveryMs);
  }

  get #host(): string {
    return new URL(this.#file.url).host;
  }

  #wrongSize(got: number, expected: number): RbeeError {
    return new RbeeError(
      "size_mismatch",
      `Cannot fetch ${this.#name}: ${this.#host} has ${got} bytes of it where ${expected} are expected; check the address`,
    );
  }
}

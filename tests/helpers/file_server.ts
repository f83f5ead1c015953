import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { SignalBell } from "../../src/base/signal_bell.ts";

/** How a server gives out a file. */
export interface ServedFile {
  bytes: Uint8Array;
  /** Default a strong one, made of the length. Null: none. A function: another each time. */
  etag?: string | null | (() => string);
  /** Default true. */
  ranges?: boolean;
  /** What it says how long it is, where that is a lie. Null: it does not say. */
  saidLength?: number | null;
  /** Awaited once the headers of an answer have gone, before its first byte. */
  beforeBody?: () => Promise<void>;
  /** Answers in place of the file, the first to the first request. */
  first?: Answer[];
  /** After so many bytes of a body the connection breaks, for the first answers that give bytes. */
  breaks?: number[];
  /** After so many bytes of all bodies it sends no more until `release()`. */
  holdAfter?: number;
  /** Sends whoever asks to this address. */
  redirect?: string;
}

/** An answer without a file. */
export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

/** A request as the server got it. */
export interface SeenRequest {
  path: string;
  range: string | undefined;
  ifRange: string | undefined;
  authorization: string | undefined;
}

const CHUNK = 16 * 1024;

/** A server of files that does what servers do, well or badly, and remembers what it was asked. */
export class FileServer implements AsyncDisposable {
  readonly files = new Map<string, ServedFile>();
  readonly requests: SeenRequest[] = [];
  readonly #server: Server;
  readonly #bell = new SignalBell();
  #sent = 0;
  #released = false;
  #held = 0;
  #open = 0;
  /** How many bodies were under way at once, at most. */
  mostAtOnce = 0;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
  }

  static async start(files: Record<string, ServedFile> = {}): Promise<FileServer> {
    const server = new FileServer();
    for (const [path, file] of Object.entries(files)) server.files.set(path, file);
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Bytes of bodies that were sent. */
  get sent(): number {
    return this.#sent;
  }

  /** Lets held bodies, and all that come, go on. */
  release(): void {
    this.#released = true;
    this.#bell.ring();
  }

  /** Breaks all connections, in the midst of what they bring. */
  breakOff(): void {
    this.#server.closeAllConnections();
  }

  /** Resolves when a body is held. */
  async held(): Promise<void> {
    while (this.#held === 0) await this.#bell.wait();
  }

  /** Resolves when no body is under way: each has been sent, or its client's end has been heard of. */
  async idle(): Promise<void> {
    while (this.#open > 0) await this.#bell.wait();
  }

  /** The ranges that were asked for of a path. */
  rangesOf(path: string): (string | undefined)[] {
    return this.requests.filter((request) => request.path === path).map(({ range }) => range);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "/";
    const { range, "if-range": ifRange, authorization } = request.headers;
    this.requests.push({ path, range, ifRange: ifRange?.toString(), authorization });
    const file = this.files.get(path);
    const answer = file === undefined ? { status: 404, body: "not here" } : file.first?.shift();
    if (file === undefined || answer !== undefined) {
      response.writeHead(answer!.status, answer!.headers).end(answer!.body ?? "");
      return;
    }
    if (file.redirect !== undefined) {
      response.writeHead(302, { location: file.redirect }).end();
      return;
    }
    await this.#send(file, { range, ifRange: ifRange?.toString() }, response);
  }

  async #send(
    file: ServedFile,
    asked: { range: string | undefined; ifRange: string | undefined },
    response: ServerResponse,
  ): Promise<void> {
    const { bytes, ranges = true } = file;
    const { etag: tag = `"of-${bytes.length}"` } = file;
    const etag = typeof tag === "function" ? tag() : tag;
    const found = /^bytes=(\d+)-(\d*)$/.exec(asked.range ?? "");
    const holds = asked.ifRange === undefined || asked.ifRange === etag;
    const isRange = ranges && found !== null && holds;
    const start = isRange ? Number(found[1]) : 0;
    const end = isRange && found[2] !== ""
      ? Math.min(Number(found[2]) + 1, bytes.length)
      : bytes.length;
    const tellsLength = file.saidLength !== null;
    const total = file.saidLength ?? bytes.length;
    if (isRange && start >= bytes.length) {
      response.writeHead(416, { "content-range": `bytes */${bytes.length}` }).end();
      return;
    }
    response.writeHead(isRange ? 206 : 200, {
      ...(etag !== null && { etag }),
      ...(isRange && { "content-range": `bytes ${start}-${end - 1}/${total}` }),
      ...(tellsLength && { "content-length": String(isRange ? end - start : total) }),
    });
    if (file.beforeBody !== undefined) {
      response.flushHeaders();
      await file.beforeBody();
    }
    const breakAt = file.breaks?.shift() ?? Infinity;
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#open);
    try {
      for (let at = start; at < end;) {
        const most = Math.min(end, start + breakAt, at + CHUNK);
        if (at >= start + breakAt) return void response.destroy();
        if (this.#sent >= (file.holdAfter ?? Infinity) && !this.#released) {
          if (response.destroyed) return;
          this.#held++;
          this.#bell.ring();
          const gone = () => this.#bell.ring();
          response.once("close", gone);
          while (!this.#released && !response.destroyed) await this.#bell.wait();
          response.removeListener("close", gone);
          if (response.destroyed) return;
        }
        this.#sent += most - at;
        if (!response.write(bytes.subarray(at, most)) && !response.destroyed) {
          const goesOn = new AbortController();
          const events = ["drain", "close"].map((name) =>
            once(response, name, goesOn).catch((error: unknown) => error)
          );
          await Promise.race(events);
          goesOn.abort();
        }
        at = most;
        if (response.destroyed) return;
      }
      // One that said too much breaks off.
      if (total > bytes.length) response.destroy();
      else response.end();
    } finally {
      this.#open--;
      this.#bell.ring();
    }
  }
}

/** Bytes that begin as a GGUF file does and are like no others. */
export function ggufBytes(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff;
    bytes[i] = state >> 16;
  }
  bytes.set(new TextEncoder().encode("GGUF"));
  return bytes;
}

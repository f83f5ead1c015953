import { v7 } from "uuid";
import type { HiveTelemetry } from "../../src/contracts/telemetry.ts";
import { timestamp } from "../../src/base/timestamp.ts";
import { VERSION } from "../../src/version.ts";
import { bytesOf } from "./bytes.ts";
import { telemetryWorker } from "./scripted_hive.ts";

/** What was asked for: the first line's method and path, the headers in lower case, the body. */
export interface RawRequest {
  method: string;
  path: string;
  headers: string;
  body: string;
}

/** Bytes of an answer, from the status line on, one piece after the other; then the connection ends. */
export type RawAnswer = string | Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

const SSE = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";

/** The head of an event stream and what follows it. */
export function stream(...texts: string[]): string {
  return SSE + texts.join("");
}

/** An answer of JSON. */
export function json(text: string, status = "200 OK"): string {
  return `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n${text}`;
}

/** A piece again and again, until nobody reads any more. */
export function* endless(begin: string, piece: string): Generator<string> {
  yield begin;
  for (;;) yield piece;
}

/** So many bytes of one letter, in pieces. */
export function* long(begin: string, bytes: number): Generator<string | Uint8Array> {
  yield begin;
  const piece = new Uint8Array(1024 * 1024).fill(0x61);
  for (let sent = 0; sent < bytes; sent += piece.length) yield piece;
}

/**
 * A server that speaks HTTP by hand, so that nothing keeps it from speaking it wrongly. It behaves as a
 * hive with a ready worker for the model `bait` wherever `attack` gives nothing.
 */
export class HostileHive implements AsyncDisposable {
  /** Answers in its place, where it gives something. */
  attack: ((request: RawRequest) => RawAnswer | undefined) | undefined;
  readonly asked: RawRequest[] = [];
  readonly worker = telemetryWorker({ model: "bait", worker_id: `worker-${v7()}` });
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<Deno.TcpConn>();
  readonly #serving = new Set<Promise<void>>();
  readonly #over = Promise.withResolvers<void>();
  #waiting: { matches: (request: RawRequest) => boolean; found: () => void }[] = [];

  constructor() {
    this.#serving.add(this.#serve());
  }

  get url(): string {
    return `http://127.0.0.1:${this.#listener.addr.port}`;
  }

  /** Resolves when something is asked for that matches, from now on. */
  async next(matches: (request: RawRequest) => boolean): Promise<void> {
    await new Promise<void>((found) => this.#waiting.push({ matches, found }));
  }

  /** What it says of itself in a beat. */
  beat(fields: Record<string, unknown> = {}): string {
    const telemetry: HiveTelemetry = {
      at: timestamp(),
      hive: "local",
      version: VERSION,
      workers: [this.worker],
      devices: [],
      load: [0, 0, 0],
      models: [],
      engines: ["llama"],
    };
    return `event: telemetry\ndata: ${JSON.stringify({ ...telemetry, ...fields })}\n\n`;
  }

  /** Ends all connections; who was connected comes again. */
  cut(): void {
    for (const connection of this.#open) close(connection);
    this.#open.clear();
  }

  async #serve(): Promise<void> {
    for await (const connection of this.#listener) {
      this.#open.add(connection);
      const serving: Promise<void> = this.#answer(connection)
        // Who asked has gone, as was to be expected.
        .catch((error: unknown) => error)
        .then(() => close(connection))
        .finally(() => this.#serving.delete(serving));
      this.#serving.add(serving);
    }
  }

  async #answer(connection: Deno.TcpConn): Promise<void> {
    const request = await read(connection);
    this.asked.push(request);
    const told = this.#waiting.filter(({ matches }) => matches(request));
    this.#waiting = this.#waiting.filter((each) => !told.includes(each));
    for (const { found } of told) found();
    const answer = this.attack?.(request) ?? this.#usual(request);
    for await (const piece of typeof answer === "string" ? [answer] : answer) {
      let bytes = typeof piece === "string" ? bytesOf(piece) : piece;
      while (bytes.length > 0) bytes = bytes.subarray(await connection.write(bytes));
    }
  }

  #usual({ path }: RawRequest): RawAnswer {
    if (path === "/health") {
      const health = { status: "ok", role: "hive", version: VERSION, instance: v7(), uptime_ms: 1 };
      return json(JSON.stringify(health));
    }
    if (path === "/v1/workers") return json(JSON.stringify({ workers: [this.worker] }));
    if (path === "/v1/telemetry/stream") return this.#beats();
    return json("{}", "404 Not Found");
  }

  async *#beats(): AsyncGenerator<string> {
    yield SSE + this.beat();
    await this.#over.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.cut();
    this.#over.resolve();
    await Promise.all(this.#serving);
  }
}

async function read(connection: Deno.TcpConn): Promise<RawRequest> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(65_536);
  let text = "";
  for (;;) {
    const end = text.indexOf("\r\n\r\n");
    const head = text.slice(0, Math.max(0, end)).toLowerCase();
    const length = Number(/\ncontent-length: (\d+)/.exec(head)?.[1] ?? 0);
    if (end >= 0 && text.length >= end + 4 + length) {
      const [method = "", path = ""] = text.split(" ", 2);
      return { method, path, headers: head, body: text.slice(end + 4) };
    }
    const count = await connection.read(buffer);
    if (count === null) throw new Error("the connection ended within its request");
    text += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // It has been closed already.
  }
}

import { SignalBell } from "../../src/base/signal_bell.ts";

/** A request for a watch: whose events, and after which of them. */
export interface WatchRequest {
  jobId: string | undefined;
  after: number;
}

/** A server of this process that answers `GET /v1/watch` as the queen does, or as a test wants it. */
export class WatchServer implements AsyncDisposable {
  readonly url: string;
  /** What it was asked, in order. */
  readonly requests: WatchRequest[] = [];
  /** The token that it wants; undefined: none. */
  token: string | undefined;
  /** Refuses everybody, and says when to come back. */
  retryAfterS: number | undefined;
  /** Takes requests and does not answer them. */
  isHalted = false;
  /** Ends each answer before it has said anything. */
  endsAtOnce = false;
  /** Ends each answer after its first event. */
  endsAfterViewer = false;
  readonly #jobs = new Map<string, string[]>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #bell = new SignalBell();
  #open = 0;

  constructor() {
    const handler = (request: Request) => this.#answer(request);
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {}, handler });
    this.url = `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Has a job with so many lines of narration, and an end. */
  addJob(jobId: string, lines: number): void {
    const frame = (seq: number, event: string, data: Record<string, unknown>) => {
      const at = new Date(1_769_860_800_000 + seq).toISOString();
      return `id: ${seq}\nevent: ${event}\ndata: ${JSON.stringify({ seq, at, ...data })}\n\n`;
    };
    const frames = Array.from({ length: lines }, (_, n) =>
      frame(n + 1, "narration", {
        actor: "queen",
        action: "say",
        human: `${jobId} sagt ${n + 1}: Bienenkönigin 蜂`,
        level: "info",
        formatted: "",
      }));
    this.#jobs.set(jobId, [...frames, frame(lines + 1, "done", { result: null })]);
  }

  /** All bytes that are sent of a job, with those of HTTP. */
  async answerTo(jobId: string): Promise<Uint8Array> {
    const { hostname, port } = this.#server.addr;
    const connection = await Deno.connect({ hostname, port });
    const request = `GET /v1/watch?job=${jobId} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`;
    await connection.write(new TextEncoder().encode(request));
    const parts: number[] = [];
    const buffer = new Uint8Array(65_536);
    // Its end is the last event of the job; the connection stays.
    while (!new TextDecoder().decode(new Uint8Array(parts)).includes("event: done")) {
      parts.push(...buffer.subarray(0, await connection.read(buffer) ?? 0));
    }
    connection.close();
    await this.allGone();
    this.requests.length = 0;
    return new Uint8Array(parts);
  }

  /** Resolves when it was asked so often. */
  async arrived(count: number): Promise<void> {
    while (this.requests.length < count) await this.#bell.wait();
  }

  /** Resolves when all who asked have gone, or were refused. */
  async allGone(): Promise<void> {
    while (this.#open > 0) await this.#bell.wait();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const jobId = new URL(request.url).searchParams.get("job") ?? undefined;
    const after = Number(request.headers.get("Last-Event-ID") ?? 0);
    this.requests.push({ jobId, after });
    this.#bell.ring();
    if (this.isHalted) await this.#gone(request);
    const shown = request.headers.get("Authorization");
    if (this.token !== undefined && shown !== `Bearer ${this.token}`) {
      return refusal(401, shown === null ? "Show a token" : "Another token");
    }
    if (this.retryAfterS !== undefined) {
      return refusal(503, "The queen is starting", { "Retry-After": `${this.retryAfterS}` });
    }
    const job = jobId === undefined ? [] : this.#jobs.get(jobId);
    if (job === undefined) return refusal(404, `Cannot find job "${jobId}"`);
    return new Response(this.#body(request, job.slice(after)), {
      headers: { "Content-Type": "text/event-stream" },
    });
  }

  #body(request: Request, frames: readonly string[]): ReadableStream<Uint8Array> {
    const viewer = `event: viewer\ndata: ${JSON.stringify({ role: "admin" })}\n\n`;
    // Many small pieces, as an event stream is written.
    const left = this.endsAtOnce ? [] : ["retry: 1000\n\n", viewer, ...frames];
    const encoder = new TextEncoder();
    let isOver = false;
    void this.#gone(request).then(() => isOver = true);
    return new ReadableStream({
      pull: async (controller) => {
        const next = left.splice(0, 7).join("");
        if (next !== "") return controller.enqueue(encoder.encode(next));
        if (!this.endsAtOnce && !this.endsAfterViewer && !isOver) await this.#gone(request);
        controller.close();
      },
    });
  }

  /** Resolves when who asked has gone. */
  async #gone({ signal }: Request): Promise<void> {
    if (signal.aborted) return;
    this.#open++;
    const { promise, resolve } = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    this.#open--;
    this.#bell.ring();
  }
}

function refusal(status: number, message: string, headers: Record<string, string> = {}): Response {
  return Response.json({ error: { code: "refused", message, type: "x" } }, { status, headers });
}

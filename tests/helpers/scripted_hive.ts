import { v7 } from "uuid";
import { timestamp } from "../../src/base/timestamp.ts";
import type { HiveTelemetry } from "../../src/contracts/telemetry.ts";
import type { WorkerInfo } from "../../src/contracts/worker.ts";
import { listen, type Listener } from "../../src/http/listen.ts";
import { VERSION } from "../../src/version.ts";
import { bytesOf } from "./bytes.ts";
import { Gates } from "./gates.ts";

/** A ready worker, with the figures that telemetry has of it. */
export function telemetryWorker(
  fields: Partial<WorkerInfo> = {},
): HiveTelemetry["workers"][number] {
  return {
    worker_id: `worker-${crypto.randomUUID()}`,
    hive: "local",
    model: "bee-tiny",
    engine: "llama",
    device: "auto",
    state: "ready",
    pid: 4711,
    url: "http://127.0.0.1:1",
    requests: 0,
    waiting: 0,
    restarts: 0,
    started_at: "2026-01-31T12:00:00.000Z",
    ...fields,
    cpu_percent: 12.5,
    memory_bytes: 1_000_000,
    uptime_ms: 1000,
  };
}

/**
 * What answers at a hive's address, as a test wants: a good hive unless told otherwise. It beats only
 * when it is told to.
 */
export class ScriptedHive implements AsyncDisposable {
  /** What of `/health` is not as usual. */
  health: Record<string, unknown> = {};
  /** What it says in each beat. */
  workers: HiveTelemetry["workers"] = [];
  /** Answers in its place, where it gives something. */
  answer:
    | ((path: string) => Response | undefined | Promise<Response | undefined>)
    | undefined;
  /** Whether a new connection gets a beat at once. */
  beatsFirst = true;
  /** The paths that were asked for. */
  readonly asked: string[] = [];
  /** `connected N` is reached by the Nth connection to its telemetry, `gone N` when it is closed. */
  readonly gates = new Gates();
  readonly #listener: Listener;
  readonly #open = new Set<ReadableStreamDefaultController<Uint8Array>>();
  #connections = 0;

  constructor() {
    this.#listener = listen({
      host: "127.0.0.1",
      port: 0,
      handler: (request) => this.#handle(new URL(request.url).pathname),
    });
  }

  get url(): string {
    return this.#listener.url;
  }

  /** How often its telemetry was asked for. */
  get connections(): number {
    return this.#connections;
  }

  /** Says how it is to all who are connected. */
  beat(fields: Partial<HiveTelemetry> = {}): void {
    const telemetry: HiveTelemetry = {
      at: timestamp(),
      hive: "local",
      version: VERSION,
      workers: this.workers,
      devices: [],
      load: [0.5, 0.25, 0],
      models: [],
      engines: ["llama"],
      ...fields,
    };
    this.send(`event: telemetry\ndata: ${JSON.stringify(telemetry)}\n\n`);
  }

  /** Sends any text to all who are connected. */
  send(text: string): void {
    for (const controller of this.#open) controller.enqueue(bytesOf(text));
  }

  /** Ends every connection to its telemetry, as a role does that ends. */
  endStreams(): void {
    for (const controller of this.#open) controller.close();
    this.#open.clear();
  }

  async #handle(path: string): Promise<Response> {
    this.asked.push(path);
    const answer = await this.answer?.(path);
    if (answer !== undefined) return answer;
    if (path === "/health") return this.#health();
    if (path === "/v1/telemetry/stream") return this.#telemetry();
    if (path === "/v1/workers") return Response.json({ workers: this.workers });
    return new Response("not here", { status: 404 });
  }

  #health(): Response {
    const health = { status: "ok", role: "hive", version: VERSION, instance: v7(), uptime_ms: 1 };
    return Response.json({ ...health, ...this.health });
  }

  #telemetry(): Response {
    const number = ++this.#connections;
    let own: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        own = controller;
        this.#open.add(controller);
        if (this.beatsFirst) this.beat();
        this.gates.pass(`connected ${number}`);
      },
      cancel: () => {
        this.#open.delete(own);
        this.gates.pass(`gone ${number}`);
      },
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.endStreams();
    await this.#listener.close({ drainMs: 1 });
  }
}

import { embedSchema, inferSchema, workerSpawnSchema } from "../../src/contracts/operation.ts";
import type { JsonValue } from "../../src/contracts/json_value.ts";
import type { ModelSize } from "../../src/contracts/model.ts";
import type { PlacesTelemetry } from "../../src/contracts/telemetry.ts";
import type { WorkerInfo } from "../../src/contracts/worker.ts";
import { timestamp } from "../../src/base/timestamp.ts";
import { unlessAborted } from "../../src/base/delay.ts";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { errorBody, statusOf } from "../../src/http/errors.ts";
import { emitToken } from "../../src/jobs/emit.ts";
import { operation } from "../../src/jobs/operation_handler.ts";
import { type RoleServer, startRoleServer } from "../../src/jobs/role_server.ts";
import { TelemetryFeed, telemetryResponse } from "../../src/jobs/telemetry_feed.ts";
import { VERSION } from "../../src/version.ts";
import { encodeEvent } from "../../src/sse/encode_event.ts";
import { narrate } from "../../src/narration/narrate.ts";
import { Gates } from "./gates.ts";
import { logEvents } from "./log_events.ts";

/**
 * How a worker of a {@linkcode FakeHive} meets a request. `hold` waits at the gate `answer N`, N being
 * the request's number from 1, `token_then_hold` after a token of its own. One that is `forgotten` was taken by a process that has died since, and
 * is not known to the one that was started in its place.
 */
export type FakeAnswer =
  | "tokens"
  | "gone"
  | "token_then_gone"
  | "hold"
  | "token_then_hold"
  | "forgotten"
  | "token_then_forgotten";

/**
 * A hive as the queen sees one, with workers that do what the test says. Its workers are jobs of this
 * same role behind the proxy's address.
 */
export class FakeHive implements AsyncDisposable {
  readonly server: RoleServer;
  readonly workers: WorkerInfo[] = [];
  /** What it has on its disk. None, unless the test says so before its next beat. */
  models: ModelSize[] = [];
  /** What the next requests meet, in order; `tokens` when there is no more. */
  readonly answers: FakeAnswer[] = [];
  /** The requests that reached a worker. */
  readonly asked: unknown[] = [];
  /** The requests for a worker that reached it. */
  readonly spawnsAsked: unknown[] = [];
  readonly gates = new Gates();
  readonly #forgotten = new Set<string>();
  #muted = false;
  /** What a spawn answers with; a ready worker of its own by default. */
  spawned: ((model: string) => JsonValue | Promise<JsonValue>) | undefined;
  /** The places that it tells of. None, unless the test says so before its next beat. */
  places: PlacesTelemetry | undefined;
  /** What a spawn is refused with before it is a job; undefined: it is not. */
  refusal: RbeeError | undefined;
  /** What an embed answers with; vectors of one number by default, the length of the text. */
  embedded: JsonValue | undefined;
  readonly #feed: TelemetryFeed;

  constructor() {
    this.#feed = new TelemetryFeed({
      snapshot: () => ({
        at: timestamp(),
        hive: "local",
        version: VERSION,
        workers: this.workers.map((worker) => ({
          ...worker,
          cpu_percent: null,
          memory_bytes: null,
          uptime_ms: 0,
        })),
        devices: [],
        load: [0, 0, 0],
        models: this.models,
        places: this.places,
      }),
    });
    const limit = { kind: "total", ms: 60_000 } as const;
    this.server = startRoleServer({
      role: "hive",
      host: "127.0.0.1",
      port: 0,
      handlers: {
        worker_spawn: operation(workerSpawnSchema, limit, async (request) => {
          this.spawnsAsked.push(request);
          narrate("worker_spawn", `Spawning worker for ${request.model}`);
          const spawned = this.spawned ?? ((model) => this.addWorker({ model }));
          return { result: await spawned(request.model) };
        }, {
          admit: () => {
            if (this.refusal !== undefined) throw this.refusal;
          },
        }),
        infer: operation(inferSchema, limit, async (request, job) => {
          const number = this.asked.push(request);
          const answer = this.answers.shift() ?? "tokens";
          if (answer.endsWith("forgotten")) this.#forgotten.add(job.id);
          if (answer === "token_then_hold") emitToken("so far ", 0);
          if (answer.endsWith("hold")) {
            await unlessAborted(this.gates.pass(`answer ${number}`), job.signal);
          }
          if (answer !== "gone" && answer !== "forgotten") {
            emitToken("buzz", answer === "token_then_hold" ? 1 : 0);
          }
          if (answer.endsWith("gone")) throw new RbeeError("worker_gone", "The worker has died");
          const usage = { prompt_tokens: 1, completion_tokens: 1 };
          return { result: null, usage, finish_reason: "stop" };
        }),
        embed: operation(embedSchema, limit, (request) => {
          this.asked.push(request);
          if (this.answers.shift() === "gone") {
            throw new RbeeError("worker_gone", "The worker has died");
          }
          const embeddings = [request.input].flat().map((text) => [text.length]);
          return Promise.resolve({
            result: this.embedded ?? { model: request.model, embeddings },
            usage: { prompt_tokens: 2, completion_tokens: 0 },
          });
        }),
      },
      routes: (app) => {
        app.get("/v1/telemetry/stream", (c) => telemetryResponse(c, this.#feed));
        app.get("/v1/workers", (c) => c.json({ workers: this.workers }));
        app.all("/v1/workers/:id/proxy/*", async (c) => {
          const { pathname, search } = new URL(c.req.url);
          const path = pathname.slice(pathname.indexOf("/proxy/") + "/proxy".length);
          const [, jobId = ""] = /^\/v1\/jobs\/([^/]+)\/stream$/.exec(path) ?? [];
          if (this.#forgotten.has(jobId)) return unknownJob(jobId);
          const answer = await app.fetch(new Request(this.server.url + path + search, c.req.raw));
          const submitted = path === "/v1/jobs"
            ? this.server.registry.list({ limit: 1 })[0]
            : undefined;
          if (!submitted || !this.#forgotten.has(submitted.job_id)) return answer;
          await answer.body?.cancel();
          return this.#begun(submitted.job_id);
        });
      },
    });
    this.server.health.status = "ok";
  }

  get url(): string {
    return this.server.url;
  }

  /** How many workers it was asked for. */
  get spawns(): number {
    return this.spawnsAsked.length;
  }

  /** What had come of a job when its worker died. */
  #begun(jobId: string): Response {
    const token = logEvents(this.server.registry.get(jobId).log)
      .find((event) => event.type === "token");
    let text = "";
    if (token !== undefined) {
      const { seq, at, ...rest } = token;
      text = encodeEvent(seq, at, rest);
    }
    return new Response(text, { headers: { "Content-Type": "text/event-stream" } });
  }

  /** Adds a worker to those that are listed, ready unless told otherwise. */
  addWorker(fields: Partial<WorkerInfo> = {}): WorkerInfo {
    const worker: WorkerInfo = {
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
    };
    this.workers.push(worker);
    if (!this.#muted) this.#feed.changed();
    return worker;
  }

  /** Says nothing of its changes any more, until its next beat. */
  mute(): void {
    this.#muted = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.gates.openAll();
    this.#feed.close();
    await this.server.close();
  }
}

function unknownJob(jobId: string): Response {
  const error = new RbeeError("job_not_found", `Cannot find job "${jobId}"`);
  return Response.json(errorBody(error), { status: statusOf(error) });
}

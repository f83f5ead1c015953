import type { JobEvent } from "../../src/contracts/job_event.ts";
import { type WorkerInfo, workerInfoSchema, workerListSchema } from "../../src/contracts/worker.ts";
import { engineNames } from "../../src/hive/engines.ts";
import { hiveOperations } from "../../src/hive/hive_operations.ts";
import { addHiveRoutes } from "../../src/hive/hive_routes.ts";
import { type HiveModels, hiveModels } from "../../src/hive/hive_models.ts";
import type { ModelStoreOptions } from "../../src/hive/model_store.ts";
import { DeviceSurvey } from "../../src/hive/device_survey.ts";
import { HiveTelemetrySource } from "../../src/hive/hive_telemetry.ts";
import type { LifecycleParts } from "../../src/hive/lifecycle_parts.ts";
import { WorkerLifecycle } from "../../src/hive/worker_lifecycle.ts";
import { requestJson } from "../../src/http/api_client.ts";
import { JobClient, type OperationBody } from "../../src/jobs/job_client.ts";
import { type RoleServer, startRoleServer } from "../../src/jobs/role_server.ts";
import { TelemetryFeed } from "../../src/jobs/telemetry_feed.ts";

/** The demo model on the processor: what every machine can load. */
export const BEE_TINY: OperationBody = {
  operation: "worker_spawn",
  model: "bee-tiny",
  device: "cpu",
};

/** How a hive of a test differs from a real one. */
export type TestHiveParts = Partial<LifecycleParts> & {
  beatMs?: number;
  store?: Partial<ModelStoreOptions>;
};

/** A job that was submitted, and what has come of it so far. */
export interface WatchedJob {
  id: string;
  events: JobEvent[];
  /** Resolves with the first narration that matches, or rejects when the job ends without one. */
  said(pattern: RegExp): Promise<JobEvent>;
  /** Resolves with all events when the job has ended. */
  ended: Promise<JobEvent[]>;
}

/** A hive on a port of its own, with real worker processes, that leaves nothing behind. */
export class TestHive implements AsyncDisposable {
  readonly server: RoleServer;
  readonly workers: WorkerLifecycle;
  readonly client: JobClient;
  /** The operator's log. */
  readonly diagnostics: string[] = [];
  readonly feed: TelemetryFeed;
  readonly models: HiveModels;

  constructor(parts: TestHiveParts = {}) {
    const survey = new DeviceSurvey();
    this.workers = new WorkerLifecycle({
      hive: "local",
      diagnostic: (line) => this.diagnostics.push(line),
      onChange: () => this.feed.changed(),
      provideModel: (model, signal) => this.models.store.provide(model, signal),
      storedModels: () => this.models.listed.all,
      devices: () => survey.snapshot(),
      ...parts,
    });
    this.models = hiveModels({
      hive: "local",
      // Made when a model comes.
      folder: `/tmp/rbee-test-models-${crypto.randomUUID()}`,
      workers: this.workers,
      onListed: () => this.feed.changed(),
      ...parts.store,
    });
    const telemetry = new HiveTelemetrySource({
      name: "local",
      workers: this.workers,
      devices: () => survey.snapshot(),
      models: this.models.listed,
      engines: () => engineNames(parts.settings ?? { engines: {} }),
    });
    this.feed = new TelemetryFeed({
      snapshot: (how) => telemetry.snapshot(how),
      ...(parts.beatMs === undefined ? {} : { beatMs: parts.beatMs }),
    });
    this.server = startRoleServer({
      role: "hive",
      host: "127.0.0.1",
      port: 0,
      handlers: hiveOperations({
        name: "local",
        workers: this.workers,
        models: this.models,
        devices: () => survey.list(),
      }),
      routes: (app) => addHiveRoutes(app, this),
    });
    this.server.health.status = "ok";
    this.client = new JobClient(this.server.url);
  }

  get url(): string {
    return this.server.url;
  }

  /** Submits an operation and reads its stream over HTTP. */
  async watch(body: OperationBody): Promise<WatchedJob> {
    const { job_id } = await this.client.submit(body);
    return watchJob(this.client, job_id);
  }

  /** Runs an operation to its end. */
  async run(body: OperationBody): Promise<JobEvent[]> {
    return await (await this.watch(body)).ended;
  }

  /** Has a worker loaded. */
  async spawn(body: OperationBody = BEE_TINY): Promise<WorkerInfo> {
    const end = (await this.run(body)).at(-1);
    if (end?.type !== "done") throw new Error(`no worker: ${JSON.stringify(end)}`);
    return workerInfoSchema.parse(end.result);
  }

  /** The workers as `GET /v1/workers` lists them. */
  async list(): Promise<WorkerInfo[]> {
    const { workers } = await requestJson(`${this.url}/v1/workers`, { schema: workerListSchema });
    return workers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const active = this.server.registry.active();
    for (const job of active) job.cancel("the test is over");
    await Promise.all(active.map((job) => job.ended));
    await this.workers.stopAll("the test is over");
    await this.models.store.close();
    await this.models.listed.close();
    await Deno.remove(this.models.store.folder, { recursive: true }).catch((error: unknown) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    this.feed.close();
    await this.server.close();
  }
}

/** Reads the stream of a job from its begin. */
export function watchJob(client: JobClient, jobId: string): WatchedJob {
  const events: JobEvent[] = [];
  const waiters: { pattern: RegExp; found: PromiseWithResolvers<JobEvent> }[] = [];
  const tell = (event: JobEvent) => {
    if (event.type !== "narration") return;
    for (const { pattern, found } of waiters) if (pattern.test(event.human)) found.resolve(event);
  };
  const ended = (async () => {
    for await (const event of client.stream(jobId)) {
      events.push(event);
      tell(event);
    }
    for (const { pattern, found } of waiters) {
      found.reject(new Error(`the job ended without saying ${pattern}`));
    }
    return events;
  })();
  return {
    id: jobId,
    events,
    ended,
    said(pattern) {
      const found = Promise.withResolvers<JobEvent>();
      waiters.push({ pattern, found });
      events.forEach(tell);
      return found.promise;
    },
  };
}

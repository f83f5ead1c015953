import { v7 } from "uuid";
import { messageOf } from "../base/rbee_error.ts";
import { OWN_ENGINE } from "../config/engine_settings.ts";
import { describeDuration } from "../config/duration.ts";
import { type HiveSettings, hiveSettingsSchema } from "../config/hive_settings.ts";
import type { WorkerSpawnRequest } from "../contracts/operation.ts";
import type { WorkerInfo } from "../contracts/worker.ts";
import type { EventLog } from "../jobs/event_log.ts";
import { JobRegistry } from "../jobs/job_registry.ts";
import { withoutNarrationContext } from "../narration/context.ts";
import { narrate } from "../narration/narrate.ts";
import { GroupLedger } from "../process/group_ledger.ts";
import type { Engine } from "./engine.ts";
import { jobIdOf, noteWorker } from "./ended_workers.ts";
import { engineOf } from "./engines.ts";
import { EngineJobs } from "./engine_jobs.ts";
import { followUntilReady } from "./follow_worker.ts";
import { HeldWorkers } from "./held_workers.ts";
import { IdleClock, isUnused } from "./idle_clock.ts";
import { KnownWorkers } from "./known_workers.ts";
import type { LifecycleParts } from "./lifecycle_parts.ts";
import { idleMsOf, modelsToPreload, settingsOf } from "./model_policy.ts";
import { Worker } from "./worker.ts";
import { narrateShared, narrateSpawn, processOf } from "./worker_info.ts";
import { WorkerMemory } from "./worker_memory.ts";
import { WorkerPlaces } from "./worker_places.ts";
import { completeSpec, type WorkerSpec } from "./worker_spec.ts";
import { hasEnded, isUsable } from "./worker_state.ts";

const HOLD_MS = 1000;
const HOLD_FOR_REQUEST_MS = 10_000;

/** The workers of one hive. */
export class WorkerLifecycle {
  readonly #parts: LifecycleParts;
  readonly #settings: HiveSettings;
  readonly #logs: JobRegistry;
  readonly #ledger: GroupLedger;
  readonly #known: KnownWorkers;
  /** What its workers hold of the machine's memory. */
  readonly memory: WorkerMemory;
  /** Their places: which of them run, and which wait. */
  readonly places: WorkerPlaces;
  readonly #jobs = new Map<string, EngineJobs>();
  /** Started because rbee.yaml says so, not for a job. */
  readonly #preloaded = new Set<string>();
  readonly #idle: IdleClock;
  readonly #held = new HeldWorkers((worker) => this.#look(worker));

  constructor(parts: LifecycleParts) {
    this.#parts = parts;
    this.#settings = parts.settings ?? hiveSettingsSchema.parse({});
    this.#logs = parts.logs ?? new JobRegistry();
    this.#ledger = parts.ledger ?? new GroupLedger();
    this.places = new WorkerPlaces({
      settings: this.#settings,
      running: this.running,
      remove: (worker) => this.#stopIdle(worker, "to make room for another"),
      onChange: () => this.#parts.onChange?.(),
    });
    this.#known = new KnownWorkers(this.#logs, {
      hive: parts.hive,
      stored: () => parts.storedModels?.() ?? [],
      devices: () => parts.devices?.() ?? [],
    });
    this.memory = new WorkerMemory({
      settings: this.#settings,
      running: this.running,
      check: parts.memory,
      freeMemory: parts.freeMemory,
      end: (worker, reason) => withoutNarrationContext(() => this.#end(worker, reason)),
    });
    this.#idle = new IdleClock({
      idleMs: ({ spec }) => idleMsOf(this.#settings, spec.model),
      onIdle: (worker, ms) => this.#stopIdle(worker, `it was not used for ${describeDuration(ms)}`),
    });
  }

  /** All workers, ended ones too, newest first. */
  list = (): WorkerInfo[] => this.#known.list();

  /** Those of this hive alone, not of one before it, newest first. */
  current = (): WorkerInfo[] => this.#known.current();

  /** Those that have not ended, oldest first. */
  running = (): Worker[] => this.#known.running();

  /** See {@linkcode KnownWorkers.get}. */
  get = (id: string): Worker => this.#known.get(id);

  /** See {@linkcode KnownWorkers.logOf}. */
  logOf = (id: string): EventLog => this.#known.logOf(id);

  /** The jobs of a worker whose program knows none; undefined where it has its own. */
  jobsOf = (id: string): EngineJobs | undefined => this.#jobs.get(id);

  /** @throws {RbeeError} As {@linkcode WorkerPlaces.requireRoom}, or `engine_not_found`. */
  requireRoom(request: WorkerSpawnRequest): void {
    if (this.#running(request, this.#complete(request)) === undefined) this.places.requireRoom();
  }

  /**
   * Gives the job a worker that is ready: one that already has the same model, device, engine and
   * options, or a new one. All that the worker says until it is ready goes into the job that waits,
   * whichever job had it started. When `signal` aborts and nobody else waits for it, it is stopped.
   *
   * @throws {RbeeError} `engine_not_found`, or why the worker never became ready.
   * @throws {unknown} If `signal` aborts: its reason, after the worker is gone.
   */
  async spawn(request: WorkerSpawnRequest, signal: AbortSignal): Promise<Worker> {
    const spec = this.#complete(request);
    const running = this.#running(request, spec);
    // Who asks for a request sends that at once; others may only want it to be there.
    const holdMs = request.reuse === "any" ? HOLD_FOR_REQUEST_MS : HOLD_MS;
    if (running !== undefined) narrateShared(running, spec.model);
    if (running?.state === "ready") {
      this.#held.hold(running, holdMs);
      this.#touch(running);
      return running;
    }
    const worker = running ?? this.#start(spec);
    await this.#follow(worker, signal, () => this.#held.hold(worker, holdMs));
    narrate("worker_spawn", `Worker for ${spec.model} is ready (process ${worker.pid})`, {
      fields: { worker_id: worker.id },
    });
    return worker;
  }

  /** Ends a worker. */
  async stop(id: string, reason: string): Promise<WorkerInfo> {
    const ended = this.#known.ended(id);
    if (ended !== undefined) return ended;
    const worker = this.get(id);
    if (!hasEnded(worker.state)) {
      narrate("worker_stop", `Stopping the worker for ${worker.spec.model}${processOf(worker)}`);
    }
    await this.#end(worker, reason);
    return worker.info();
  }

  /** Ends all workers, side by side. */
  async stopAll(reason: string): Promise<void> {
    this.#idle.close();
    this.#held.close();
    await Promise.all(
      this.running().map(async (worker) => {
        narrate("worker_stop", `Stopping the worker for ${worker.spec.model}: ${reason}`);
        await this.#jobs.get(worker.id)?.close(reason);
        await worker.stop(reason);
      }),
    );
  }

  /** Takes up what has changed in the settings. Workers that run keep what they were started with. */
  reconfigured(): void {
    this.places.reconfigured();
    for (const worker of this.running()) this.#look(worker);
  }

  /**
   * Starts the workers that rbee.yaml wants from the begin. Each that fails says so itself.
   *
   * @param except Models that it wanted before.
   */
  preload(except: readonly string[] = []): void {
    for (const model of modelsToPreload(this.#settings)) {
      if (except.includes(model)) continue;
      narrate("preload", `Loading ${model}, as rbee.yaml says`);
      try {
        const spec = this.#complete({ operation: "worker_spawn", model });
        const worker = this.#known.find(spec) ?? this.#start(spec);
        this.#preloaded.add(worker.id);
      } catch (error) {
        narrate("preload", messageOf(error), { level: "error" });
      }
    }
  }

  /** Counts a request that a worker answers; what it returns ends that. */
  use(id: string): () => void {
    const worker = this.get(id);
    worker.requests++;
    this.#held.used(worker);
    this.#touch(worker);
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      worker.requests--;
      this.#touch(worker);
    };
  }

  #running(request: WorkerSpawnRequest, spec: WorkerSpec): Worker | undefined {
    return this.#known.find(spec) ??
      (request.reuse === "any" ? this.#known.findAny(request) : undefined);
  }

  /** @throws {RbeeError} `engine_not_found` If there is no such engine. */
  #complete(request: WorkerSpawnRequest): WorkerSpec {
    const spec = completeSpec(request, settingsOf(this.#settings.models, request.model));
    this.#engine(spec.engine);
    return spec;
  }

  #engine(name: string): Engine {
    return engineOf(name, this.#settings, {
      checkMemory: (spec, file, signal) => this.memory.check(spec, file, signal),
      provideModel: this.#parts.provideModel,
      stallMs: this.#parts.loadStallMs,
      memoryBytes: (model) => this.memory.grantableBytes(model),
    });
  }

  #start(spec: WorkerSpec): Worker {
    narrateSpawn(spec);
    const id = `worker-${v7()}`;
    // Its life is a job of its own: it outlives the job that had it started.
    const { job } = this.#logs.create({ operation: "worker", jobId: jobIdOf(id) });
    job.start();
    noteWorker(job, id, spec);
    const engine = this.#engine(spec.engine);
    const worker = withoutNarrationContext(() =>
      new Worker(spec, {
        id,
        job,
        hive: this.#parts.hive,
        engine,
        ledger: this.#ledger,
        admit: (signal) =>
          this.places.enter({ id, signal, fetch: () => engine.provide(spec, signal) }),
        makeRoom: (...lacking) => this.memory.makeRoom(...lacking),
        diagnostic: this.#parts.diagnostic,
        color: this.#parts.color ?? false,
        onChange: () => this.#onChange(worker),
        graceMs: this.#parts.graceMs,
        restarts: this.#parts.restarts,
      })
    );
    this.#known.add(worker);
    this.#parts.onChange?.();
    if (spec.engine !== OWN_ENGINE) {
      const { max_queue: maxQueue } = this.#settings.limits;
      this.#jobs.set(id, new EngineJobs(worker, { maxQueue, use: () => this.use(id) }));
    }
    worker.gone.then(() => this.#known.forgetOldest().forEach((id) => this.#jobs.delete(id)));
    return worker;
  }

  #stopIdle(worker: Worker, reason: string): void {
    withoutNarrationContext(() => {
      narrate("worker_idle", `Stopping the worker for ${worker.spec.model}: ${reason}`, {
        fields: { worker_id: worker.id },
      });
      this.#end(worker, reason);
    });
  }

  async #end(worker: Worker, reason: string): Promise<void> {
    await worker.stop(reason, () => this.#jobs.get(worker.id)?.close(reason) ?? Promise.resolve());
  }

  #touch(worker: Worker): void {
    worker.lastUsedMs = performance.now();
    this.#look(worker);
  }

  /** Its state or its use has changed. */
  #look(worker: Worker): void {
    this.#idle.watch(worker);
    if (isUnused(worker)) this.places.makeRoom();
  }

  #onChange(worker: Worker): void {
    this.#look(worker);
    this.#parts.onChange?.();
  }

  /** Whether it was started for somebody who has gone, and for nothing else. */
  #nobodyWants(worker: Worker): boolean {
    const isOnlyFor = !this.#preloaded.has(worker.id) && !worker.wasReady;
    return isOnlyFor && worker.waiters === 0 && isUsable(worker.state);
  }

  async #follow(worker: Worker, signal: AbortSignal, onReady: () => void): Promise<void> {
    worker.waiters++;
    try {
      await followUntilReady(worker, signal);
      onReady();
    } finally {
      worker.waiters--;
      this.#look(worker);
      if (signal.aborted && this.#nobodyWants(worker)) {
        narrate("worker_stop", `Stopping the worker for ${worker.spec.model}: nobody waits for it`);
        await worker.stop("the request for it was cancelled");
      }
    }
  }
}

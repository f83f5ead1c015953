import { v7 } from "uuid";
import { within } from "../base/delay.ts";
import { timestamp } from "../base/timestamp.ts";
import { RbeeError, toRbeeError } from "../base/rbee_error.ts";
import { healthSchema } from "../contracts/health.ts";
import type { JobEvent } from "../contracts/job_event.ts";
import type { WorkerSpawnRequest } from "../contracts/operation.ts";
import { DEFAULT_PARALLEL, type WorkerInfo, type WorkerState } from "../contracts/worker.ts";
import { requestJson } from "../http/api_client.ts";
import { EventLog } from "../jobs/event_log.ts";
import { narrationEvent } from "../jobs/job_logs.ts";
import { deliver } from "../narration/narration_sink.ts";
import { type Child, type ChildExit, spawnChild } from "../process/child.ts";
import { type CapturedLine, captureOutput } from "../process/output_capture.ts";
import { waitUntilReady } from "../process/readiness.ts";
import { roleEnvironment } from "../process/self_command.ts";
import { describeExit, stopChild } from "../process/supervisor.ts";
import { splitEvents } from "../sse/split_events.ts";
import { canBecome, isUsable } from "./worker_state.ts";
import { workerCommand } from "./worker_command.ts";

/** What a worker needs of its hive. */
export interface WorkerParts {
  /** The hive's name, as others list it. */
  hive: string;
  /** Writes a line of the operator's log. */
  diagnostic(line: string): void;
  /** The limit without any progress while it loads. Default 10 minutes. */
  loadStallMs?: number;
  /** Between SIGTERM and SIGKILL. Default 10,000. */
  graceMs?: number;
}

const READY_LINE_MS = 2000;

/** One worker process: the only owner of its state, its output and its end. */
export class Worker {
  readonly id = `worker-${v7()}`;
  readonly request: WorkerSpawnRequest;
  /** Its captured output, also after its end. */
  readonly log = new EventLog();
  /** Resolves when it is ready; rejects with the reason when it will never be. */
  readonly ready: Promise<void>;
  /** Resolves when its process has ended, its output is read, and its state is the last one. */
  readonly gone: Promise<void>;
  /** Requests that are being answered now. */
  requests = 0;
  /** Jobs that wait for it to be ready. */
  waiters = 0;
  readonly #parts: WorkerParts;
  readonly #child: Child;
  readonly #startedAt = timestamp();
  readonly #readyLine = Promise.withResolvers<void>();
  #state: WorkerState = "starting";
  #settled = false;
  #url: string | null = null;
  #lastLineMs = performance.now();
  #lastError: { code: string; message: string } | undefined;
  #error: { code: string; message: string } | undefined;

  /** @throws {RbeeError} `cannot_spawn` If the program cannot be started. */
  constructor(request: WorkerSpawnRequest, parts: WorkerParts) {
    this.request = request;
    this.#parts = parts;
    this.#child = spawnChild({
      ...workerCommand(request),
      env: roleEnvironment(),
      mode: "captured",
    });
    const captured = captureOutput(this.#child, {
      narration: true,
      onLine: (line) => this.#onLine(line),
    });
    // What it has started itself must not outlive it, however it ends.
    this.#child.exited.then(() => this.#child.signalGroup("SIGKILL"));
    this.gone = captured.then((exit) => this.#end(exit));
    this.ready = this.#becomeReady().finally(() => this.#settled = true);
    // Who waits gets it; with nobody waiting it is in the state.
    this.ready.catch((error: unknown) => error);
  }

  get state(): WorkerState {
    return this.#state;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Where it listens, once it has said so. */
  get url(): string | null {
    return this.#url;
  }

  /** Why it failed, when it did. */
  get error(): { code: string; message: string } | undefined {
    return this.#error;
  }

  /** How it is listed. */
  info(): WorkerInfo {
    const parallel = this.request.parallel ?? DEFAULT_PARALLEL;
    const alive = isUsable(this.#state) || this.#state === "stopping";
    return {
      worker_id: this.id,
      hive: this.#parts.hive,
      model: this.request.model,
      engine: this.request.engine,
      device: this.request.device,
      state: this.#state,
      pid: alive ? this.pid : null,
      url: alive ? this.#url : null,
      requests: Math.min(this.requests, parallel),
      waiting: Math.max(0, this.requests - parallel),
      restarts: 0,
      started_at: this.#startedAt,
      ...(this.#error === undefined ? {} : { error: this.#error }),
    };
  }

  /** Its output from the first line until it is ready or has ended. */
  async *eventsUntilReady(signal: AbortSignal): AsyncGenerator<JobEvent, void, void> {
    const settled = new AbortController();
    this.ready.then(() => settled.abort(), () => settled.abort());
    const stop = AbortSignal.any([signal, settled.signal]);
    const cursor = this.log.cursor();
    while (!signal.aborted) {
      const bytes = cursor.read();
      if (bytes !== undefined) yield* splitEvents(bytes);
      else if (this.#settled) return;
      else await cursor.wait({ signal: stop });
    }
  }

  /** Ends it and resolves when it is gone. Stopping what has ended is fine. */
  async stop(reason: string): Promise<void> {
    if (isUsable(this.#state)) {
      this.#lastError = { code: "worker_stopped", message: `The worker was stopped: ${reason}` };
      this.#become("stopping");
      const { graceMs } = this.#parts;
      await stopChild(this.#child, graceMs === undefined ? {} : { graceMs });
    }
    await this.gone;
  }

  async #becomeReady(): Promise<void> {
    try {
      await waitUntilReady({
        probe: (signal) => this.#probe(signal),
        exited: this.gone,
        lastProgress: () => this.#lastLineMs,
        stallMs: this.#parts.loadStallMs ?? 600_000,
      });
      // It is written before its health says ok, and read here soon after.
      await within(Promise.race([this.#readyLine.promise, this.gone]), READY_LINE_MS);
      this.#become("ready");
      if (this.#state !== "ready") {
        throw new RbeeError("exited_early", "The worker ended as it became ready");
      }
    } catch (error) {
      const { code, message } = toRbeeError(error);
      if (code === "timeout") await this.#abandon(`${message}; see rbee worker logs ${this.id}`);
      await this.gone;
      const why = this.#error ?? this.#lastError ?? { code, message };
      throw new RbeeError(why.code, why.message, { details: { worker_id: this.id } });
    }
  }

  async #probe(signal: AbortSignal): Promise<boolean> {
    if (this.#url === null) return false;
    const url = `${this.#url}/health`;
    const health = await requestJson(url, { schema: healthSchema, signal, timeoutMs: 5000 });
    return health.role === "worker" && health.status === "ok";
  }

  async #abandon(message: string): Promise<void> {
    this.#lastError = { code: "timeout", message };
    await stopChild(this.#child, { graceMs: this.#parts.graceMs ?? 10_000 });
  }

  #onLine(captured: CapturedLine): void {
    this.#lastLineMs = performance.now();
    if (captured.kind === "log") {
      const { stream, line, truncated } = captured;
      this.log.append({
        type: "log",
        actor: "worker",
        stream,
        line,
        ...(truncated && { truncated }),
      });
      this.#parts.diagnostic(`${this.id} ${stream}: ${line}`);
      return;
    }
    const { record } = captured;
    this.log.append(narrationEvent(record));
    // Its job, if it has one, has a stream of its own; an id of ours is not the child's to name.
    const { job_id: _, ...own } = record;
    deliver(own);
    this.#note(record.action, record.fields ?? {});
    if (record.level === "error") {
      const code = record.fields?.["code"];
      this.#lastError = {
        code: typeof code === "string" ? code : "worker_failed",
        message: record.human,
      };
    }
  }

  #note(action: string, fields: Record<string, unknown>): void {
    if (action === "listening" && typeof fields["url"] === "string" && this.#url === null) {
      this.#url = fields["url"];
      this.#become("loading");
    }
    if (action === "worker_ready") this.#readyLine.resolve();
  }

  #end(exit: ChildExit): void {
    if (this.#state === "stopping") {
      this.#become("stopped");
      this.log.append({ type: "done", result: { exit_code: exit.code } });
      return;
    }
    const wasReady = this.#state === "ready";
    const died = {
      code: "worker_died",
      message: `The worker for "${this.request.model}" ended unexpectedly (${
        describeExit(exit)
      }); see rbee worker logs ${this.id}`,
    };
    this.#error = wasReady ? died : this.#lastError ?? died;
    this.#become("failed");
    this.log.append({ type: "error", ...this.#error });
  }

  #become(state: WorkerState): void {
    if (canBecome(this.#state, state)) this.#state = state;
  }
}

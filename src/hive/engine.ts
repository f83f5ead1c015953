import type { WorkerSpec } from "./worker_spec.ts";

/** How one process of a worker is started, and how it is known to be ready. */
export interface EngineProgram {
  program: string;
  args: string[];
  /** Its whole environment. */
  env: Record<string, string>;
  /** Whether lines that look like narration are narration: ours alone, and engines trusted like it. */
  narration: boolean;
  /** Where it will listen; undefined when it says so itself. */
  url: string | undefined;
  /** What the store calls the model's file. Undefined where no store keeps it. */
  storedName?: string | undefined;
  /** The limit without a line of output while it loads, in milliseconds. */
  stallMs: number;
  /** The limit of the whole load, in milliseconds. */
  loadMs: number;
  /** Whether it narrates `worker_ready` before its health says so. */
  saysReady: boolean;
  /** Asks once whether it is ready. May throw, which counts as "not yet". */
  probe(url: string, signal: AbortSignal): Promise<boolean>;
}

/** A kind of program that serves models. */
export interface Engine {
  /**
   * Has the model's file there, fetched where need be: before the worker takes a place among others.
   *
   * @throws {RbeeError} `model_not_found` or what else speaks against it.
   * @throws {unknown} If `signal` aborts: its reason.
   */
  provide(spec: WorkerSpec, signal: AbortSignal): Promise<void>;
  /**
   * Makes ready to start one process: finds the model, chooses a port. Called again for each restart.
   *
   * @throws {RbeeError} `model_not_found`, `insufficient_memory` or what else speaks against it.
   */
  prepare(spec: WorkerSpec, signal: AbortSignal): Promise<EngineProgram>;
}

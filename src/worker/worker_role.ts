import { embedSchema, inferSchema, statusSchema } from "../contracts/operation.ts";
import { untilAborted } from "../base/delay.ts";
import { toRbeeError } from "../base/rbee_error.ts";
import { DEFAULT_PARALLEL } from "../contracts/worker.ts";
import { operation } from "../jobs/operation_handler.ts";
import type { RoleProcess } from "../jobs/role_process.ts";
import { type RoleServer, startRoleServer } from "../jobs/role_server.ts";
import { requireRoom } from "../jobs/waiting_line.ts";
import type { WorkerRoleOptions } from "../config/role_options.ts";
import { addQueueLength, addQueueWait } from "../metrics/queue_metrics.ts";
import { narrate } from "../narration/narrate.ts";
import { parentPipeClosed } from "../process/parent_pipe.ts";
import { inSpan, type Span } from "../tracing/spans.ts";
import { inTraceOfEnvironment } from "../tracing/trace_environment.ts";
import { VERSION } from "../version.ts";
import { embed } from "./embed.ts";
import type { Engine } from "./engine.ts";
import { checkModel, infer } from "./infer.ts";
import { loadEngine } from "./load_engine.ts";
import { answerProbe } from "./probe.ts";
import { findModelFile } from "../models/model_file.ts";

const STATUS_LIMIT = { kind: "total", ms: 10_000 } as const;
const INFER_LIMIT = { kind: "stall", ms: 600_000 } as const;
// Shorter than the hive waits before it kills.
const GRACE_MS = 5000;

/**
 * Runs a worker until it is told to end: listens first, so that its health can be asked while it
 * loads, then loads the model, then answers. With `probe`, answers that alone. Returns the exit code.
 */
export async function runWorker(
  options: WorkerRoleOptions,
  process: RoleProcess,
): Promise<number> {
  if (options.probe !== undefined) return await answerProbe(options, process);
  let loaded: Engine | undefined;
  const names: string[] = [options.model];
  const slots = options.options.parallel ?? DEFAULT_PARALLEL;
  let open = 0;
  let embedding = 0;
  let onWaited: ((seconds: number) => void) | undefined;
  const server: RoleServer = startRoleServer({
    role: "worker",
    graceMs: GRACE_MS,
    measure(metrics) {
      onWaited = addQueueWait(metrics);
      addQueueLength(metrics, () => ({
        running: Math.min(open, slots),
        waiting: Math.max(0, open - slots),
      }));
    },
    host: options.host,
    port: options.port,
    handlers: {
      status: operation(statusSchema, STATUS_LIMIT, () =>
        Promise.resolve({
          result: { role: "worker", version: VERSION, model: options.model, loaded: !!loaded },
        })),
      infer: operation(inferSchema, INFER_LIMIT, async (request, job) => {
        open++;
        try {
          checkModel(request.model, names);
          return await infer(await engine, request, job);
        } finally {
          open--;
        }
      }, {
        // What waits for the model to be loaded waits for a slot, too.
        admit: () =>
          requireRoom({
            free: Math.max(0, slots - open),
            waiting: Math.max(0, open - slots),
          }, options.maxQueue),
      }),
      embed: operation(embedSchema, INFER_LIMIT, async (request, job) => {
        embedding++;
        try {
          checkModel(request.model, names);
          return await embed(await engine, request, job);
        } finally {
          embedding--;
        }
      }, {
        // One runs at a time, beside the slots.
        admit: () =>
          requireRoom({
            free: Math.max(0, 1 - embedding),
            waiting: Math.max(0, embedding - 1),
          }, options.maxQueue),
      }),
    },
  });
  const engine = inTraceOfEnvironment(() => inSpan("model_load", {}, load));
  // Requests that wait for it fail with its reason; without any, nobody else would see it.
  engine.catch((error: unknown) => error);
  const ended = until(server, options, process.signal);
  try {
    const ready = await Promise.race([engine.then(() => true), ended]);
    if (ready === true) {
      // Loading starts a process and libraries; what a request brings has no need of either.
      process.givePermissionsUp?.();
      narrate("worker_ready", `Ready: ${names.at(-1)} answers at ${server.url}`, {
        fields: { url: server.url, model: options.model },
      });
      // What came before readiness must be readable before readiness is.
      await process.flushOutput();
      server.health.status = "ok";
    }
    if (await ended === "parent_gone") return 0;
  } catch (error) {
    const { code, message, details } = toRbeeError(error);
    narrate("model_load", message, { level: "error", fields: { ...details, code } });
    await server.close();
    return 1;
  }
  await server.drain();
  await server.close();
  await loaded?.close();
  narrate("stopped", "Stopped");
  return 0;

  async function load(span: Span): Promise<Engine> {
    const file = await findModelFile(options.modelFile ?? options.model);
    names.push(file.path, file.name);
    narrate(
      "model_load",
      `Loading ${file.name} (${megabytes(file.bytes)} MB) on ${options.device}`,
    );
    span.setAttributes({ "rbee.device": options.device, "rbee.model.bytes": file.bytes });
    const llama = await loadEngine(file, options, process.diagnostic);
    llama.onWaited = onWaited;
    loaded = llama;
    return llama;
  }
}

/** Resolves when the worker is to end: a signal, a request, or the end of its parent. */
function until(
  server: RoleServer,
  options: WorkerRoleOptions,
  signal: AbortSignal,
): Promise<"stop" | "parent_gone"> {
  const ways: Promise<"stop" | "parent_gone">[] = [
    untilAborted(signal).then(() => "stop"),
    server.shutdownRequested.then(() => "stop"),
  ];
  // Without a parent nobody reads the answers: there is nothing to wait for.
  if (options.parentPipe) ways.push(parentPipeClosed().then(() => "parent_gone"));
  return Promise.race(ways);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

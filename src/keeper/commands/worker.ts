import type { Command } from "commander";
import { RbeeError } from "../../base/rbee_error.ts";
import { workerIdSchema } from "../../contracts/identifiers.ts";
import { isTerminal, type JobEvent } from "../../contracts/job_event.ts";
import { type WorkerInfo, workerInfoSchema, workerListSchema } from "../../contracts/worker.ts";
import { requestJson, unreachable } from "../../http/api_client.ts";
import { EventConnection } from "../../http/event_connection.ts";
import { JobClient, type OperationBody } from "../../jobs/job_client.ts";
import { showEnd } from "../ask.ts";
import {
  type CommandContext,
  flag,
  numberFlag,
  type RunCommand,
  withOutputFlags,
  withQueenFlag,
} from "../command_context.ts";
import { EXIT } from "../exit_status.ts";
import { modelName } from "../model_name.ts";
import { requireQueen } from "../queen_address.ts";
import { formatTable } from "../table.ts";

interface SpawnFlags {
  hive?: string;
  device?: string;
  engine?: string;
  context?: number;
  parallel?: number;
  threads?: number;
  gpuLayers?: number;
  kvType?: string;
}

/** Adds `rbee worker list|spawn|stop|logs`. */
export function addWorkerCommand(program: Command, run: RunCommand): void {
  const worker = program.command("worker")
    .description("list, spawn and stop workers, read their logs")
    .addHelpText("after", "\nExample:\n  rbee worker spawn bee-tiny");
  addList(worker, run);
  addSpawn(worker, run);
  addStop(worker, run);
  addLogs(worker, run);
}

/** The table of workers, with why those failed that did. */
export function workerLines(workers: readonly WorkerInfo[]): string[] {
  if (workers.length === 0) return ["No workers"];
  return [
    ...formatTable(
      [
        "MODEL",
        "STATE",
        "HIVE",
        "ENGINE",
        "DEVICE",
        "REQUESTS",
        "WAITING",
        "RESTARTS",
        "PROCESS",
        "WORKER",
      ],
      workers.map((worker) => [
        worker.model,
        worker.state,
        worker.hive,
        worker.engine,
        worker.device,
        String(worker.requests),
        String(worker.waiting),
        String(worker.restarts),
        String(worker.pid ?? ""),
        worker.worker_id,
      ]),
    ),
    ...workers.filter(({ error }) => error !== undefined)
      .map(({ worker_id, error }) => `${worker_id}: ${error!.message}`),
  ];
}

function addList(worker: Command, run: RunCommand): void {
  const command = worker.command("list")
    .description("list the workers of all hives, failed ones with the reason")
    .addHelpText("after", "\nExample:\n  rbee worker list --json");
  withQueenFlag(withOutputFlags(command));
  command.action((flags: Record<string, never>) =>
    run(flags, [], async ({ settings, renderer }, _args, { json }) => {
      const { url } = await requireQueen(settings);
      const answer = await requestJson(`${url}/v1/workers`, { schema: workerListSchema });
      if (json) renderer.result(answer);
      else renderer.lines(workerLines(answer.workers));
      return EXIT.ok;
    })
  );
}

function addSpawn(worker: Command, run: RunCommand): void {
  const command = worker.command("spawn").argument(
    "<model>",
    "bee-tiny, hf:org/repo, https://….gguf or the path of a GGUF file",
  )
    .description("load a model, so that the first request does not wait for it")
    .addOption(flag("--hive <name>", "on this hive"))
    .addOption(flag("--device <device>", "auto, cpu, gpu, cuda:N, vulkan:N or metal"))
    .addOption(flag("--engine <name>", "the engine (default: llama)"))
    .addOption(numberFlag("--context <n>", "tokens a slot"))
    .addOption(numberFlag("--parallel <n>", "slots, requests at once"))
    .addOption(numberFlag("--threads <n>", "threads"))
    .addOption(numberFlag("--gpu-layers <n>", "layers on the GPU"))
    .addOption(flag("--kv-type <type>", "f16, q8_0 or q4_0"))
    .addHelpText("after", "\nExample:\n  rbee worker spawn bee-tiny --parallel 8");
  withQueenFlag(withOutputFlags(command));
  command.action((model: string, flags: SpawnFlags) =>
    run(flags, [model], (context, _args, { json }) =>
      runOperation(
        context,
        {
          operation: "worker_spawn",
          model: modelName(model),
          hive: flags.hive,
          device: flags.device,
          engine: flags.engine,
          context: flags.context,
          parallel: flags.parallel,
          threads: flags.threads,
          gpu_layers: flags.gpuLayers,
          kv_type: flags.kvType,
        },
        { json },
      ))
  );
}

function addStop(worker: Command, run: RunCommand): void {
  const command = worker.command("stop").argument("<id>", "the id of a worker")
    .description("stop a worker, which frees its memory")
    .addHelpText("after", "\nExample:\n  rbee worker stop worker-0198c0de-…");
  withQueenFlag(withOutputFlags(command));
  command.action((id: string, flags: Record<string, never>) =>
    run(
      flags,
      [id],
      (context, _args, { json }) =>
        runOperation(context, { operation: "worker_stop", worker_id: workerId(id) }, { json }),
    )
  );
}

function addLogs(worker: Command, run: RunCommand): void {
  const command = worker.command("logs").argument("<id>", "the id of a worker")
    .description("print what a worker has said, also one that failed")
    .addOption(flag("-f, --follow", "go on until the worker ends"))
    .addHelpText("after", "\nExample:\n  rbee worker logs worker-0198c0de-… -f");
  withQueenFlag(withOutputFlags(command));
  command.action((id: string, flags: { follow?: boolean }) =>
    run(flags, [id], async ({ settings, renderer, signal }, _args, { json }) => {
      const { url } = await requireQueen(settings);
      const connection = new EventConnection({ signal });
      const path = `/v1/workers/${workerId(id)}/log?follow=${flags.follow ?? false}`;
      try {
        for await (const event of connection.open(url + path, 0)) {
          if (json) renderer.event(event);
          else renderer.lines(logLine(event));
          await renderer.flush({ signal });
        }
      } catch (error) {
        throw error instanceof RbeeError ? error : unreachable(url, error);
      } finally {
        connection.close();
      }
      return EXIT.ok;
    })
  );
}

/** @throws {RbeeError} `usage` If it is no id of a worker. */
function workerId(given: string): string {
  if (workerIdSchema.safeParse(given).success) return given;
  throw new RbeeError("usage", `"${given}" is no worker's id; rbee worker list shows them`);
}

/** The log is the result here, so it goes to standard output, narration too. */
function logLine(event: JobEvent): string[] {
  if (event.type === "narration") return [event.formatted];
  if (event.type === "log") return [event.line];
  if (event.type === "error") return [`Ended: ${event.message}`];
  return event.type === "done" ? ["Ended"] : [];
}

async function runOperation(
  { settings, renderer, signal }: CommandContext,
  body: OperationBody,
  options: { json: boolean | undefined },
): Promise<number> {
  const { url } = await requireQueen(settings);
  const end = await new JobClient(url).submitAndStream(body, (event) => {
    if (!options.json || isTerminal(event)) renderer.event(event);
  }, { signal });
  if (end.type === "done" && body.operation === "worker_spawn" && !options.json) {
    // What the next command needs: rbee worker stop "$(rbee worker spawn …)"
    renderer.lines([workerInfoSchema.parse(end.result).worker_id]);
  }
  return showEnd(end, renderer, signal);
}

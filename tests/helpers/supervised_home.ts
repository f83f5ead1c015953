import assert from "node:assert/strict";
import { isTerminal, type JobEvent, type NarrationEvent } from "../../src/contracts/job_event.ts";
import {
  type QueenTelemetry,
  queenTelemetrySchema,
  type WorkerTelemetry,
} from "../../src/contracts/telemetry.ts";
import { type WorkerInfo, workerListSchema, type WorkerState } from "../../src/contracts/worker.ts";
import { requestJson } from "../../src/http/api_client.ts";
import { EventConnection } from "../../src/http/event_connection.ts";
import { JobClient, type OperationBody } from "../../src/jobs/job_client.ts";
import { isAlive, processStartTime } from "../../src/process/process_identity.ts";
import { engineCommand } from "./engine_command.ts";
import { JobReader, PATIENCE_MS } from "./job_reader.ts";
import { listeningSockets, openSockets } from "./listening_sockets.ts";
import { RbeeHome } from "./rbee_home.ts";

/** A process that cannot be mistaken for a later one with its pid. */
export interface KnownProcess {
  pid: number;
  command: string;
  startTime: string | null;
}

/** Settings of an engine for rbee.yaml: the fixture engine with these flags, for any model's name. */
export function fixtureEngine(...flags: string[]): { command: string[] } {
  return {
    command: engineCommand(...flags).map((part) => part === "{model}" ? "fixture-model" : part),
  };
}

/**
 * Settings of rbee.yaml with an engine of each name, and a model of the same name that it serves: so
 * that a name alone, as on the command line, chooses the engine.
 */
export function enginesAsModels(engines: Record<string, { command: string[] }>) {
  const models = Object.fromEntries(Object.keys(engines).map((name) => [name, { engine: name }]));
  return { engines, models };
}

/** The real program in a home of its own, with queen and hive up, and what a test asks of both. */
export class SupervisedHome implements AsyncDisposable {
  readonly rbee: RbeeHome;
  queen = new JobClient("http://127.0.0.1:0");
  hive = new JobClient("http://127.0.0.1:0");
  readonly #sockets = new Set<string>();

  private constructor(rbee: RbeeHome) {
    this.rbee = rbee;
  }

  /** Starts queen and hive with these settings in rbee.yaml. */
  static async up(
    settings: Record<string, unknown> = {},
    env: Record<string, string> = {},
  ): Promise<SupervisedHome> {
    const home = new SupervisedHome(await RbeeHome.create());
    Object.assign(home.rbee.env, env);
    await home.rbee.configure(settings);
    await home.up();
    return home;
  }

  /** Starts what does not run, and returns what was said. */
  async up(): Promise<string> {
    const { code, stderr } = await this.rbee.rbee(["up"]);
    assert.equal(code, 0, stderr);
    const [queen, hive] = await Promise.all([
      this.rbee.daemon("queen"),
      this.rbee.daemon("hive"),
    ]);
    this.queen = new JobClient(queen.url, { patienceMs: 0 });
    this.hive = new JobClient(hive.url, { patienceMs: 0 });
    return stderr;
  }

  /** Submits to the queen and reads the job's stream. */
  async watch(body: OperationBody): Promise<JobReader> {
    const { job_id } = await this.queen.submit(body);
    return new JobReader(this.queen, job_id);
  }

  /** The same, to its end. */
  async run(body: OperationBody): Promise<JobEvent> {
    return await (await this.watch(body)).end;
  }

  /** Has a worker that is ready. */
  async spawn(model: string, options: Record<string, unknown> = {}): Promise<WorkerInfo> {
    const end = await this.run({ operation: "worker_spawn", model, ...options });
    assert.equal(end.type, "done", JSON.stringify(end));
    return await this.worker(model);
  }

  /** The workers, as the queen lists them: newest first, ended ones too. */
  async workers(): Promise<WorkerInfo[]> {
    const url = `${this.queen.baseUrl}/v1/workers`;
    return (await requestJson(url, { schema: workerListSchema })).workers;
  }

  /** The newest worker of a model. */
  async worker(model: string): Promise<WorkerInfo> {
    const worker = (await this.workers()).find((each) => each.model === model);
    assert.ok(worker, `no worker for ${model}`);
    return worker;
  }

  /** Waits for the queen to show a worker of a model so. */
  async workerIs(
    model: string,
    state: WorkerState,
    also: (worker: WorkerTelemetry) => boolean = () => true,
  ): Promise<WorkerTelemetry> {
    return await this.#firstOfTelemetry(({ workers }) =>
      workers.find((worker) => worker.model === model && worker.state === state && also(worker))
    );
  }

  /** Waits for the queen's telemetry to show something, and gives it. */
  async untilQueenShows(match: (telemetry: QueenTelemetry) => boolean): Promise<QueenTelemetry> {
    return await this.#firstOfTelemetry((shown) => match(shown) ? shown : undefined);
  }

  async #firstOfTelemetry<R>(find: (shown: QueenTelemetry) => R | undefined): Promise<R> {
    const patience = new AbortController();
    const connection = new EventConnection({ signal: patience.signal });
    let last: QueenTelemetry | undefined;
    const timer = setTimeout(() => patience.abort(missing()), PATIENCE_MS);
    const missing = () => new Error(`the telemetry did not show it: ${JSON.stringify(last)}`);
    try {
      const url = `${this.queen.baseUrl}/v1/telemetry/stream`;
      for await (const shown of connection.data(url, "telemetry", queenTelemetrySchema)) {
        const found = find(shown);
        if (found !== undefined) return found;
        last = shown;
      }
    } finally {
      clearTimeout(timer);
      connection.close();
    }
    throw missing();
  }

  /** All that a worker has said so far, as plain lines; its end is the last of them. */
  async logLines(workerId: string): Promise<string[]> {
    const connection = new EventConnection();
    const lines: string[] = [];
    try {
      const url = `${this.hive.baseUrl}/v1/workers/${workerId}/log?follow=false`;
      for await (const event of connection.open(url, 0)) {
        if (event.type === "log") lines.push(event.line);
        if (event.type === "narration") lines.push(event.human);
        if (isTerminal(event)) lines.push(event.type);
      }
    } finally {
      connection.close();
    }
    return lines;
  }

  /** The processes of this home beside queen and hive. */
  async family(): Promise<KnownProcess[]> {
    const daemons = await Promise.all([this.rbee.daemon("queen"), this.rbee.daemon("hive")]);
    return this.rbee.processes()
      .filter(({ pid }) => daemons.every((daemon) => daemon.pid !== pid))
      .map((process) => ({ ...process, startTime: processStartTime(process.pid) }));
  }

  /** Asserts that nothing of a family is left, once the kernel has let go of what was killed. */
  async assertGone(family: readonly KnownProcess[]): Promise<void> {
    await Promise.all(family.filter(isThere).map(({ pid }) => processGone(pid)));
    assert.deepEqual(family.filter(isThere), [], "processes are left");
  }

  /** Remembers on which ports the processes of this home listen; none may be left at the end. */
  noteSockets(): void {
    const pids = this.rbee.processes().map(({ pid }) => pid);
    for (const socket of openSockets(pids)) this.#sockets.add(socket);
  }

  /** Kills a daemon and resolves when it is gone. */
  async kill(role: "queen" | "hive"): Promise<void> {
    this.noteSockets();
    const { pid } = await this.rbee.daemon(role);
    Deno.kill(pid, "SIGKILL");
    await processGone(pid);
  }

  /** Asserts that all jobs, and the lives of workers that ended, have one terminal event: the last. */
  async assertJobsEndedOnce(): Promise<void> {
    for (const client of [this.queen, this.hive]) {
      for (const { job_id, operation, state } of await client.list({ limit: 1000 })) {
        const what = `${operation} ${job_id}`;
        assert.ok(["done", "error", "cancelled"].includes(state), `${what} is ${state}`);
        await assertEndsOnce(`${client.baseUrl}/v1/jobs/${job_id}/stream`, what);
      }
    }
    for (const { worker_id, state } of await this.workers()) {
      if (state !== "stopped" && state !== "failed") continue;
      const url = `${this.queen.baseUrl}/v1/workers/${worker_id}/log?follow=false`;
      await assertEndsOnce(url, worker_id);
    }
  }

  /**
   * Ends everything with rbee down, and asserts that it has ended as it should: each job with one
   * terminal event, no process, no port. To be called last.
   */
  async end(): Promise<void> {
    await this.assertJobsEndedOnce();
    this.noteSockets();
    const { code, stderr } = await this.rbee.rbee(["down"]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(this.rbee.processes(), []);
    const listening = listeningSockets();
    const left = [...this.#sockets].filter((socket) => listening.has(socket));
    assert.deepEqual(left, [], "ports are open after rbee down");
    for (const file of ["queen.pid", "hive.pid", "hive.groups.json"]) {
      await assert.rejects(Deno.stat(`${this.rbee.path}/state/${file}`), Deno.errors.NotFound);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rbee[Symbol.asyncDispose]();
  }
}

/** Resolves when a process that is not our child has ended, or has not for half a minute. */
export async function processGone(pid: number): Promise<void> {
  // Nothing tells of the end of another's child; tail looks for us.
  const tail = ["tail", "--pid", String(pid), "--sleep-interval", "0.02", "-f", "/dev/null"];
  await new Deno.Command("timeout", { args: ["30", ...tail] }).output();
}

async function assertEndsOnce(streamUrl: string, what: string): Promise<void> {
  const text = await (await fetch(streamUrl)).text();
  const types = [...text.matchAll(/^event: (\w+)$/gm)].map(([, type]) => type!);
  const ends = types.flatMap((type, at) => isTerminal({ type }) ? [at - types.length] : []);
  assert.deepEqual(ends, [-1], `the terminal events of ${what}, counted from its end`);
}

/** Whether a process still runs. */
export function isThere({ pid, startTime }: KnownProcess): boolean {
  return isAlive(pid) && processStartTime(pid) === startTime;
}

/** The narration of a job by who spoke and about what. */
export function narrated(events: readonly JobEvent[], actor: string, action: string) {
  return events.filter((event): event is NarrationEvent =>
    event.type === "narration" && event.actor === actor && event.action === action
  );
}

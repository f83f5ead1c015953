import { v7 } from "uuid";
import type { QueenLimits } from "../../src/config/rbee_yaml.ts";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import { JobClient, type OperationBody } from "../../src/jobs/job_client.ts";
import { JobFeed } from "../../src/jobs/job_feed.ts";
import { type RoleServer, startRoleServer } from "../../src/jobs/role_server.ts";
import { TelemetryFeed } from "../../src/jobs/telemetry_feed.ts";
import { writePidFile } from "../../src/process/pid_file.ts";
import { queenOperations } from "../../src/queen/dispatch.ts";
import type { Paths } from "../../src/config/paths.ts";
import { History } from "../../src/queen/history.ts";
import { hiveRegistryOperations } from "../../src/queen/hive_registry.ts";
import { Hives } from "../../src/queen/hives.ts";
import { queenTelemetry } from "../../src/queen/queen_telemetry.ts";
import { addQueenRoutes } from "../../src/queen/queen_routes.ts";
import { RequestSlots } from "../../src/queen/request_slots.ts";
import { TemporaryFolder } from "./temporary_folder.ts";
import { type WatchedJob, watchJob } from "./test_hive.ts";

/** A queen on a port of its own, whose one hive is at the address that the test gives. */
export class TestQueen implements AsyncDisposable {
  readonly server: RoleServer;
  readonly client: JobClient;
  readonly #folder: TemporaryFolder;
  readonly hives: Hives;
  readonly paths: Paths;
  /** Takes a sample when the test tells it to. */
  readonly history: History;
  readonly #feed: TelemetryFeed;
  #jobFeed: JobFeed | undefined;

  private constructor(folder: TemporaryFolder, limits: QueenLimits) {
    this.#folder = folder;
    const paths = {
      config: folder.join("config"),
      state: folder.path,
      data: folder.join("data"),
      cache: folder.join("cache"),
    };
    this.paths = paths;
    const hives = new Hives(paths, { onChange: () => this.#feed.changed() });
    this.hives = hives;
    this.#feed = new TelemetryFeed({ snapshot: () => queenTelemetry(hives) });
    this.history = new History(hives);
    this.server = startRoleServer({
      role: "queen",
      host: "127.0.0.1",
      port: 0,
      handlers: {
        ...queenOperations(hives, new RequestSlots(limits)),
        ...hiveRegistryOperations(hives, paths),
      },
      routes: (app, jobs) => {
        this.#jobFeed = new JobFeed(jobs.registry);
        const [feed, history, jobFeed] = [this.#feed, this.history, this.#jobFeed];
        addQueenRoutes(app, hives, { feed, history, jobFeed, jobs });
      },
    });
    this.server.health.status = "ok";
    this.client = new JobClient(this.server.url);
  }

  static async start(
    hiveUrl?: string,
    limits: QueenLimits = { max_requests: 256, max_queue: 512 },
  ): Promise<TestQueen> {
    const folder = await TemporaryFolder.make();
    const queen = new TestQueen(folder, limits);
    if (hiveUrl !== undefined) await queen.moveHive(hiveUrl);
    queen.hives.start();
    return queen;
  }

  get url(): string {
    return this.server.url;
  }

  /** Has her hive be at another address, as after a restart. */
  async moveHive(url: string): Promise<void> {
    await writePidFile(this.#folder.join("hive.pid"), { instance: v7(), url });
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

  async [Symbol.asyncDispose](): Promise<void> {
    const active = this.server.registry.active();
    for (const job of active) job.cancel("the test is over");
    await Promise.all(active.map((job) => job.ended));
    this.#feed.close();
    this.history.stop();
    this.#jobFeed?.close();
    await this.hives.close();
    await this.server.close();
    await this.#folder[Symbol.asyncDispose]();
  }
}

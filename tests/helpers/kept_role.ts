import { type RbeeYaml, rbeeYamlSchema } from "../../src/config/rbee_yaml.ts";
import { JobClient, type JobClientOptions } from "../../src/jobs/job_client.ts";
import { cancelOrphans, type KeptJobs, openKeptJobs } from "../../src/jobs/kept_jobs.ts";
import { type RoleServer, startRoleServer } from "../../src/jobs/role_server.ts";
import { type FixtureOperations, fixtureOperations } from "./fixture_operations.ts";

/** The settings of a journal, the defaults but for `changed`. */
export function journalSettings(changed: Partial<RbeeYaml["journal"]> = {}): RbeeYaml["journal"] {
  return rbeeYamlSchema.parse({ journal: changed }).journal;
}

/** A role on a port of its own that keeps its jobs in a file. */
export class KeptRole implements AsyncDisposable {
  readonly server: RoleServer;
  readonly kept: KeptJobs;
  readonly gates: FixtureOperations["gates"];
  readonly client: JobClient;
  /** Resolves when the jobs elsewhere that nobody waits for any more are cancelled. */
  readonly cancelled: Promise<void>;

  constructor(
    path: string,
    options: {
      journal?: Partial<RbeeYaml["journal"]>;
      client?: JobClientOptions;
      port?: number;
    } = {},
  ) {
    const { handlers, gates } = fixtureOperations();
    this.kept = openKeptJobs(path, journalSettings(options.journal));
    this.gates = gates;
    this.server = startRoleServer({
      role: "hive",
      host: "127.0.0.1",
      port: options.port ?? 0,
      handlers,
      registry: this.kept.registry,
    });
    this.server.health.status = "ok";
    this.cancelled = cancelOrphans(this.kept.orphans);
    this.client = new JobClient(this.server.url, options.client);
  }

  get url(): string {
    return this.server.url;
  }

  /** Submits an operation and resolves with the job's id when it has ended. */
  async run(body: { operation: string } & Record<string, unknown>): Promise<string> {
    const { job_id } = await this.client.submit(body);
    await this.kept.registry.get(job_id).ended;
    return job_id;
  }

  /** The stream of a job, whole, as it is sent. */
  async stream(jobId: string, query = "", headers: Record<string, string> = {}): Promise<string> {
    const response = await fetch(`${this.url}/v1/jobs/${jobId}/stream${query}`, { headers });
    const text = await response.text();
    if (!response.ok) throw new Error(`${response.status}: ${text}`);
    return text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const active = this.kept.registry.active();
    for (const job of active) job.cancel("the test is over");
    this.gates.openAll();
    await Promise.all(active.map((job) => job.ended));
    await this.cancelled;
    await this.server.close();
    await this.kept[Symbol.asyncDispose]();
  }
}

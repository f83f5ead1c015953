import assert from "node:assert/strict";
import { z } from "zod";
import { unlessAborted } from "../../src/base/delay.ts";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { rbeeYamlPath, rbeeYamlSchema, readRbeeYaml } from "../../src/config/rbee_yaml.ts";
import { ensureFolder, type Paths } from "../../src/config/paths.ts";
import { pidFileSchema } from "../../src/contracts/pid_file.ts";
import { requestHealth } from "../../src/http/health_client.ts";
import { listen } from "../../src/http/listen.ts";
import { type DaemonParts, runDaemonRole } from "../../src/jobs/daemon_role.ts";
import { JobClient } from "../../src/jobs/job_client.ts";
import { operation } from "../../src/jobs/operation_handler.ts";
import type { RoleProcess } from "../../src/jobs/role_process.ts";
import { processExecutable } from "../../src/process/process_identity.ts";
import { CapturedChild } from "../helpers/captured_child.ts";
import { Gates } from "../helpers/gates.ts";
import { journalSettings } from "../helpers/kept_role.ts";
import { nextNarration } from "../helpers/next_narration.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

/** A daemon in this process, in a home of its own, that writes down what is done with it. */
class Daemon implements AsyncDisposable {
  readonly steps: string[] = [];
  readonly gates = new Gates();
  /** Called when it begins to stop. */
  onStopping = () => {};
  readonly #folder: TemporaryFolder;
  readonly #end = new AbortController();
  readonly #ready = Promise.withResolvers<void>();
  #code: Promise<number> | undefined;

  /** What SIGHUP calls. */
  reload: () => void = () => assert.fail("nothing listens");

  private constructor(folder: TemporaryFolder) {
    this.#folder = folder;
  }

  static async make(): Promise<Daemon> {
    return new Daemon(await TemporaryFolder.make());
  }

  get paths(): Paths {
    const [config, state, data, cache] = ["config", "state", "data", "cache"]
      .map((name) => this.#folder.join(name));
    return { config: config!, state: state!, data: data!, cache: cache! };
  }

  get pidFile(): string {
    return this.#folder.join("state", "hive.pid");
  }

  /** Runs it; resolves with its exit code. */
  run(options: { port?: number; open?: () => Promise<void> } = {}): Promise<number> {
    const process: RoleProcess = {
      signal: this.#end.signal,
      flushOutput: () => Promise.resolve(),
      diagnostic() {},
      onReload: (listener) => void (this.reload = listener),
      onForcedEnd: () => {},
      diagnosticColor: false,
    };
    this.#code = runDaemonRole({
      role: "hive",
      host: "127.0.0.1",
      port: options.port ?? 0,
      paths: this.paths,
      journal: journalSettings(),
      requireToken: false,
      names: [],
      yaml: rbeeYamlSchema.parse({}),
      reread: () => readRbeeYaml(this.paths.config),
      open: async (resources) => {
        this.steps.push("open");
        resources.defer(() => void this.steps.push("close first"));
        resources.defer(() => void this.steps.push("close second"));
        await options.open?.();
        return this.#parts();
      },
    }, process);
    return this.#code;
  }

  #parts(): DaemonParts {
    const schema = z.strictObject({ operation: z.literal("hold") });
    return {
      handlers: {
        hold: operation(schema, { kind: "total", ms: 60_000 }, async (_request, { signal }) => {
          await unlessAborted(this.gates.pass("hold"), signal);
          this.steps.push("job ended");
          return { result: null };
        }),
      },
      routes: (app) => void app.get("/v1/extra", (c) => c.text("extra")),
      reconfigure: ({ hive }) => void this.steps.push(`reconfigure: ${hive.max_workers} workers`),
      start: () => {
        this.steps.push("start");
        this.#ready.resolve();
      },
      stopping: () => Promise.resolve(this.onStopping()),
      stop: async () => {
        this.steps.push(`stop, ${await this.#exists() ? "with" : "without"} its pid file`);
      },
    };
  }

  /** Runs it and resolves with its address when it is ready. */
  async start(): Promise<string> {
    const code = this.run();
    await Promise.race([this.#ready.promise, code]);
    return pidFileSchema.parse(JSON.parse(await Deno.readTextFile(this.pidFile))).url;
  }

  /** Tells it to end, with or without its jobs; resolves with its exit code. */
  async end({ jobsToo = true } = {}): Promise<number> {
    this.#end.abort();
    if (jobsToo) this.gates.openAll();
    return await this.#code!;
  }

  async #exists(): Promise<boolean> {
    return await Deno.stat(this.pidFile).then(() => true, () => false);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    this.gates.openAll();
    await this.#code?.catch(() => {});
    await this.#folder[Symbol.asyncDispose]();
  }
}

const ENDED = ["stop, with its pid file", "close second", "close first"];

Deno.test("runDaemonRole() is ready when it has opened, has a pid file, and has started its parts", async () => {
  await using daemon = await Daemon.make();
  const url = await daemon.start();
  assert.deepEqual(daemon.steps, ["open", "start"]);
  const health = await requestHealth(url);
  assert.deepEqual([health.role, health.status], ["hive", "ok"]);
  const file = pidFileSchema.parse(JSON.parse(await Deno.readTextFile(daemon.pidFile)));
  assert.deepEqual([file.pid, file.instance], [Deno.pid, health.instance]);
  assert.equal(await (await fetch(`${url}/v1/extra`)).text(), "extra");
});

Deno.test("runDaemonRole() stops its parts, then closes what it opened, the last first", async () => {
  await using daemon = await Daemon.make();
  await daemon.start();
  assert.equal(await daemon.end(), 0);
  assert.deepEqual(daemon.steps, ["open", "start", ...ENDED]);
  await assert.rejects(Deno.stat(daemon.pidFile), Deno.errors.NotFound);
});

Deno.test("runDaemonRole() ends on request as it does on a signal", async () => {
  await using daemon = await Daemon.make();
  const url = await daemon.start();
  const answer = await fetch(`${url}/v1/shutdown`, { method: "POST" });
  assert.equal(answer.status, 202);
  await answer.body?.cancel();
  assert.equal(await daemon.end(), 0);
  assert.deepEqual(daemon.steps.slice(2), ENDED);
});

Deno.test("runDaemonRole() lets its jobs end before it stops its parts", async () => {
  await using daemon = await Daemon.make();
  const url = await daemon.start();
  await new JobClient(url).submit({ operation: "hold" });
  await daemon.gates.reached("hold");
  assert.equal(await daemon.end(), 0);
  assert.deepEqual(daemon.steps, ["open", "start", "job ended", ...ENDED]);
});

Deno.test("runDaemonRole() tells its parts that it stops while its jobs still run, which may depend on it", async () => {
  await using daemon = await Daemon.make();
  const url = await daemon.start();
  await new JobClient(url).submit({ operation: "hold" });
  await daemon.gates.reached("hold");
  daemon.onStopping = () => {
    daemon.steps.push("stopping");
    daemon.gates.openAll();
  };
  assert.equal(await daemon.end({ jobsToo: false }), 0);
  assert.deepEqual(daemon.steps, ["open", "start", "stopping", "job ended", ...ENDED]);
});

Deno.test("runDaemonRole() opens nothing where another one runs", async () => {
  await using daemon = await Daemon.make();
  await using other = new CapturedChild({ program: "sleep", args: ["600"] });
  await Deno.mkdir(daemon.paths.state, { recursive: true });
  await Deno.writeTextFile(
    daemon.pidFile,
    JSON.stringify({
      pid: other.child.pid,
      start_time: other.child.startTime,
      executable: processExecutable(other.child.pid),
      instance: crypto.randomUUID(),
      url: "http://127.0.0.1:1",
    }),
  );
  const before = await Deno.readTextFile(daemon.pidFile);
  await assert.rejects(daemon.run(), { name: "RbeeError", code: "already_running" });
  assert.deepEqual(daemon.steps, []);
  assert.equal(await Deno.readTextFile(daemon.pidFile), before);
  await assert.rejects(Deno.stat(daemon.paths.data), Deno.errors.NotFound, "no journal is made");
});

Deno.test("runDaemonRole() closes what it opened when its port is taken, and has started nothing", async () => {
  await using daemon = await Daemon.make();
  const taken = listen({ host: "127.0.0.1", port: 0, handler: () => new Response() });
  try {
    await assert.rejects(daemon.run({ port: taken.port }), { code: "port_in_use" });
  } finally {
    await taken.close();
  }
  assert.deepEqual(daemon.steps, ["open", "close second", "close first"]);
  await assert.rejects(Deno.stat(daemon.pidFile), Deno.errors.NotFound);
});

Deno.test("runDaemonRole() closes what it opened when it cannot leave its pid file", async () => {
  await using daemon = await Daemon.make();
  const open = () => Deno.mkdir(daemon.pidFile);
  await assert.rejects(daemon.run({ open }), RbeeError);
  assert.deepEqual(daemon.steps, ["open", "close second", "close first"]);
});

Deno.test("runDaemonRole() fails as its parts fail to open, and closes what was opened before", async () => {
  await using daemon = await Daemon.make();
  const failure = new RbeeError("bad_parts", "Cannot open them");
  await assert.rejects(daemon.run({ open: () => Promise.reject(failure) }), failure);
  assert.deepEqual(daemon.steps, ["open", "close second", "close first"]);
});

Deno.test("runDaemonRole() takes up what rbee.yaml says when it is to be read again, and not while it stops", async () => {
  await using daemon = await Daemon.make();
  await daemon.start();
  await ensureFolder(daemon.paths.config);
  const said = nextNarration("settings_read");
  await Deno.writeTextFile(rbeeYamlPath(daemon.paths.config), "hive: {max_workers: 3}\n");
  daemon.reload();
  assert.deepEqual((await said).fields, { changed: "hive.max_workers" });
  assert.deepEqual(daemon.steps, ["open", "start", "reconfigure: 3 workers"]);
  const ended = daemon.end();
  await Deno.writeTextFile(rbeeYamlPath(daemon.paths.config), "hive: {max_workers: 4}\n");
  daemon.reload();
  await ended;
  assert.deepEqual(daemon.steps, ["open", "start", "reconfigure: 3 workers", ...ENDED]);
});

import { v7 } from "uuid";
import { daemonFiles } from "../../src/config/paths.ts";
import type { Role } from "../../src/contracts/identifiers.ts";
import { listen, type Listener } from "../../src/http/listen.ts";
import type { Check, CheckContext, Finding } from "../../src/keeper/doctor/finding.ts";
import { writePidFile } from "../../src/process/pid_file.ts";
import { TemporaryFolder } from "./temporary_folder.ts";

/** A home for checks, in a folder of its own, where nothing runs. */
export class DoctorContext implements AsyncDisposable {
  readonly folder: TemporaryFolder;
  readonly context: CheckContext;
  readonly #listeners: Listener[] = [];

  private constructor(folder: TemporaryFolder, ports: { queen?: number; hive?: number }) {
    this.folder = folder;
    const listener = (port = 0) => ({ host: "127.0.0.1", port });
    this.context = {
      settings: {
        paths: {
          config: folder.join("config"),
          state: folder.join("state"),
          data: folder.join("data"),
          cache: folder.join("cache"),
        },
        queenUrl: undefined,
        queen: listener(ports.queen),
        hive: listener(ports.hive),
      },
      signal: new AbortController().signal,
    };
  }

  static async make(ports: { queen?: number; hive?: number } = {}): Promise<DoctorContext> {
    return new DoctorContext(await TemporaryFolder.make(), ports);
  }

  /** What a check finds here. */
  look(check: Check): Promise<Finding[]> {
    return check.look(this.context);
  }

  /** Has this process answer as a daemon of this home, of a version; returns its url. */
  async answerAs(
    role: Role & ("queen" | "hive"),
    answer: { version: string; routes?: Record<string, unknown> },
  ): Promise<string> {
    const instance = v7();
    const { version, routes = {} } = answer;
    const listener = listen({
      host: "127.0.0.1",
      port: 0,
      handler: (request) => {
        const body = routes[new URL(request.url).pathname];
        return Response.json(body ?? { status: "ok", role, version, instance, uptime_ms: 1 });
      },
    });
    this.#listeners.push(listener);
    const { paths } = this.context.settings;
    await Deno.mkdir(paths.state, { recursive: true });
    await writePidFile(daemonFiles(paths, role).pid, { instance, url: listener.url });
    return listener.url;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close({ drainMs: 1 })));
    await this.folder[Symbol.asyncDispose]();
  }
}

import { RbeeError, toRbeeError } from "../base/rbee_error.ts";
import { daemonFiles, type Paths } from "../config/paths.ts";
import { type HiveInfo, LOCAL_HIVE } from "../contracts/hive.ts";
import { type WorkerInfo, workerListSchema } from "../contracts/worker.ts";
import { requestJson } from "../http/api_client.ts";
import { requestHealth } from "../http/health_client.ts";
import { isSameProcess, readPidFile } from "../process/pid_file.ts";
import { VERSION } from "../version.ts";
import type { HiveView } from "./placement.ts";

/** A hive as the queen knows it now. */
export interface KnownHive extends HiveView {
  url: string | null;
  version: string | null;
  workers: WorkerInfo[];
  /** Whether one that cannot be used now may come back by itself: its process is there. */
  mayReturn: boolean;
}

const ANSWER_MS = 5000;

/** The hives that the queen can use. It finds the one of its own machine by that one's pid file. */
export class Hives {
  readonly #pidFile: string;

  constructor(paths: Paths) {
    this.#pidFile = daemonFiles(paths, "hive").pid;
  }

  /** Asks every hive what it has. One that does not answer is listed with the reason. */
  async ask(): Promise<KnownHive[]> {
    const file = await readPidFile(this.#pidFile);
    if (file === undefined) return [];
    const { url } = file;
    const runs = isSameProcess(file);
    try {
      if (!runs) throw new RbeeError("hive_unreachable", "it has ended");
      const health = await requestHealth(url);
      if (health.role !== "hive") {
        throw new RbeeError("hive_unreachable", `${url} is a ${health.role}`);
      }
      checkVersion(health.version);
      if (health.status !== "ok") throw new RbeeError("unreachable", `it is ${health.status}`);
      const { workers } = await requestJson(`${url}/v1/workers`, {
        schema: workerListSchema,
        timeoutMs: ANSWER_MS,
      });
      return [{ name: LOCAL_HIVE, url, version: health.version, workers, mayReturn: true }];
    } catch (error) {
      const { code, message } = toRbeeError(error);
      // That one says itself what to do.
      const advice = runs ? "end it with rbee down, then rbee up" : "start it with rbee up";
      const unreachable = code === "version_mismatch" ? message : `${message}; ${advice}`;
      const mayReturn = runs && code === "unreachable";
      return [{ name: LOCAL_HIVE, url, version: null, workers: [], unreachable, mayReturn }];
    }
  }

  /** The hives as they are listed. */
  async list(): Promise<HiveInfo[]> {
    return (await this.ask()).map((hive) => ({
      name: hive.name,
      url: hive.url,
      state: hive.unreachable === undefined ? "connected" : "unreachable",
      ...(hive.unreachable === undefined ? {} : { error: hive.unreachable }),
      version: hive.version,
      devices: [...new Set(hive.workers.map(({ device }) => device))],
      workers: hive.workers.filter(({ state }) => state !== "stopped" && state !== "failed").length,
    }));
  }

  /** The workers of all hives, or of the one that is named. */
  async workers(hive?: string): Promise<WorkerInfo[]> {
    const known = await this.ask();
    return known.filter(({ name }) => hive === undefined || name === hive)
      .flatMap(({ workers }) => workers);
  }
}

/**
 * The address of a hive.
 *
 * @throws {RbeeError} `hive_unreachable` If it has none now.
 */
export function urlOf(known: readonly KnownHive[], name: string): string {
  const url = known.find((hive) => hive.name === name)?.url;
  if (url) return url;
  throw new RbeeError("hive_unreachable", `Hive "${name}" has no address; start it with rbee up`);
}

/** @throws {RbeeError} `version_mismatch` If the major or minor version is another. */
function checkVersion(version: string): void {
  const own = VERSION.split(".", 2).join(".");
  if (version.split(".", 2).join(".") === own) return;
  throw new RbeeError(
    "version_mismatch",
    `it has version ${version} and the queen ${VERSION}; run rbee down and rbee up`,
  );
}

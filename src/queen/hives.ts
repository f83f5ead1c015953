import { RbeeError } from "../base/rbee_error.ts";
import { daemonFiles, type Paths } from "../config/paths.ts";
import { type HiveInfo, LOCAL_HIVE } from "../contracts/hive.ts";
import type { WorkerInfo } from "../contracts/worker.ts";
import { isSameProcess, readPidFile } from "../process/pid_file.ts";
import { HiveLink, type HivePlace } from "./hive_link.ts";
import { hiveInfo, type KnownHive } from "./known_hive.ts";
import { RequestsInFlight } from "./requests_in_flight.ts";

/** How the queen keeps in touch with her hives. */
export interface HivesOptions {
  /** Called whenever something new is known of one. */
  onChange?: () => void;
  /** How often a hive says how it is, in milliseconds. Default 2,000. */
  beatMs?: number;
}

/** The hives that the queen can use. She finds the one of her own machine by that one's pid file. */
export class Hives {
  /** What the queen has under way at the workers of all of them. */
  readonly inFlight = new RequestsInFlight();
  readonly #links: HiveLink[];

  constructor(paths: Paths, options: HivesOptions = {}) {
    const { pid } = daemonFiles(paths, "hive");
    this.#links = [
      new HiveLink({
        name: LOCAL_HIVE,
        find: () => placeOf(pid),
        onChange: options.onChange ?? (() => {}),
        ...(options.beatMs === undefined ? {} : { beatMs: options.beatMs }),
      }),
    ];
  }

  /** Begins to keep the connections. */
  start(): void {
    for (const link of this.#links) link.start();
  }

  /** Lets go of the connections. */
  async close(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.close()));
  }

  /** What is known now, without asking anybody. */
  known(): KnownHive[] {
    return this.#links.flatMap(({ view }) => view ?? []);
  }

  /** What is known, after an attempt to reach those that are not connected. */
  async ask(): Promise<KnownHive[]> {
    return (await Promise.all(this.#links.map((link) => link.look()))).flatMap((hive) =>
      hive ?? []
    );
  }

  /** The same, with the workers as each hive lists them this moment, ended ones too. */
  async refresh(): Promise<KnownHive[]> {
    const views = await Promise.all(this.#links.map((link) => link.refresh()));
    return views.flatMap((hive) => hive ?? []);
  }

  /** Takes up what a hive has just said of a worker. */
  note(worker: WorkerInfo): void {
    for (const link of this.#links) if (link.view?.name === worker.hive) link.note(worker);
  }

  /** The hives as they are listed. */
  async list(): Promise<HiveInfo[]> {
    return (await this.ask()).map(hiveInfo);
  }

  /** The workers of all hives, or of the one that is named, ended ones too. */
  async workers(hive?: string): Promise<WorkerInfo[]> {
    const known = await this.refresh();
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

async function placeOf(pidFile: string): Promise<HivePlace | undefined> {
  const file = await readPidFile(pidFile);
  return file === undefined ? undefined : { url: file.url, runs: isSameProcess(file) };
}

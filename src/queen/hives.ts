import { RbeeError } from "../base/rbee_error.ts";
import { type Paths } from "../config/paths.ts";
import { type HiveInfo, LOCAL_HIVE } from "../contracts/hive.ts";
import { type HiveAddress, type HiveAddresses, isSameAddress } from "../contracts/hive_address.ts";
import type { WorkerInfo } from "../contracts/worker.ts";
import { addedHive } from "./added_hive.ts";
import { HiveLink } from "./hive_link.ts";
import type { HiveSource } from "./hive_source.ts";
import { hiveInfo, type KnownHive } from "./known_hive.ts";
import { localHive } from "./local_hive.ts";
import { RequestsInFlight } from "./requests_in_flight.ts";
import { TokenRates } from "./token_rates.ts";

/** How the queen keeps in touch with her hives. */
export interface HivesOptions {
  /** Hives of other machines, by name. Default: none. */
  added?: HiveAddresses;
  /** Called whenever something new is known of one. */
  onChange?: () => void;
  /** How often a hive says how it is, in milliseconds. Default 2,000. */
  beatMs?: number;
}

interface Linked {
  link: HiveLink;
  source: HiveSource;
  /** Of one that was added. */
  address?: HiveAddress | undefined;
}

/** The hives that the queen can use: this machine's own, and those that were added. */
export class Hives {
  /** What the queen has under way at the workers of all of them. */
  readonly inFlight = new RequestsInFlight();
  /** The tokens of their answers that come through her. */
  readonly tokens = new TokenRates();
  readonly #paths: Paths;
  readonly #options: HivesOptions;
  readonly #linked = new Map<string, Linked>();
  #started = false;

  constructor(paths: Paths, options: HivesOptions = {}) {
    this.#paths = paths;
    this.#options = options;
    this.#link(LOCAL_HIVE, localHive(paths));
    for (const [name, address] of Object.entries(options.added ?? {})) this.add(name, address);
  }

  /** Begins to keep the connections. */
  start(): void {
    this.#started = true;
    for (const { link } of this.#linked.values()) link.start();
  }

  /** Lets go of the connections. */
  async close(): Promise<void> {
    await Promise.all([...this.#linked.keys()].map((name) => this.remove(name)));
  }

  /** Takes up a hive of another machine. One that is there already stays as it is. */
  add(name: string, address: HiveAddress): void {
    if (this.#linked.has(name)) return;
    this.#link(name, addedHive(this.#paths, name, address), address);
    if (this.#started) this.#linked.get(name)?.link.start();
  }

  /** Takes up these hives of other machines, and lets go of all others. What stays is not touched. */
  async keepOnly(addresses: HiveAddresses): Promise<void> {
    const gone = [...this.#linked].filter(([name, { address }]) =>
      address !== undefined &&
      !(Object.hasOwn(addresses, name) && isSameAddress(addresses[name]!, address))
    );
    await Promise.all(gone.map(([name]) => this.remove(name)));
    for (const [name, address] of Object.entries(addresses)) this.add(name, address);
  }

  /** Whether the hive is one of hers: one that was removed has nothing to come back to. */
  has(name: string): boolean {
    return this.#linked.has(name);
  }

  /**
   * Whether a hive is no longer at `url`: one that was killed and started again has another address, and
   * nothing of what it had; one that was removed has none. One that is only out of reach has not moved.
   */
  hasMoved(name: string, url: string): boolean {
    if (!this.#linked.has(name)) return true;
    return this.known().some((hive) => hive.name === name && hive.url !== null && hive.url !== url);
  }

  /**
   * Why a hive will not come back by itself; undefined where it is connected, or may. One that is lost is
   * looked for once more, without being waited for: somebody may just have started it.
   */
  whyLost(name: string): string | undefined {
    const link = this.#linked.get(name)?.link;
    if (link === undefined) return undefined;
    const { view } = link;
    if (view?.unreachable === undefined ? view !== undefined : view.mayReturn) return undefined;
    void link.look();
    return view?.unreachable ?? "it has ended; start it with rbee up";
  }

  /** Lets go of a hive. */
  async remove(name: string): Promise<void> {
    const linked = this.#linked.get(name);
    this.#linked.delete(name);
    await linked?.link.close();
    await linked?.source.close?.();
    this.#options.onChange?.();
  }

  /** What is known now, without asking anybody. */
  known(): KnownHive[] {
    return this.#links().flatMap(({ view }) => view ?? []);
  }

  /**
   * What is known, after an attempt to reach the hive that is named, or this machine's where that is not
   * one of hers; where none is named, all of them when none is connected, and otherwise this machine's
   * alone: what is switched off must not hold anybody up.
   */
  async ask(name?: string): Promise<KnownHive[]> {
    const asked = name === undefined || this.#linked.has(name) ? name : LOCAL_HIVE;
    const isAsked = asked !== undefined
      ? (link: HiveLink) => link.name === asked
      : this.known().some(({ state }) => state === "connected")
      ? (link: HiveLink) => link.name === LOCAL_HIVE
      : () => true;
    await Promise.all(this.#links().filter(isAsked).map((link) => link.look()));
    return this.known();
  }

  /** The same of this machine's hive, with the workers as each hive lists them this moment. */
  async refresh(): Promise<KnownHive[]> {
    await this.ask(LOCAL_HIVE);
    const views = await Promise.all(this.#links().map((link) => link.refresh()));
    return views.flatMap((hive) => hive ?? []);
  }

  /** Takes up what a hive has just said of a worker. */
  note(hive: string, worker: WorkerInfo): void {
    this.#linked.get(hive)?.link.note(worker);
  }

  /** The hives as they are listed. */
  async list(): Promise<HiveInfo[]> {
    return (await this.ask(LOCAL_HIVE)).map(hiveInfo);
  }

  /** The workers of all hives, or of the one that is named, ended ones too. */
  async workers(hive?: string): Promise<WorkerInfo[]> {
    const known = await this.refresh();
    return known.filter(({ name }) => hive === undefined || name === hive)
      .flatMap(({ workers }) => workers);
  }

  #links(): HiveLink[] {
    return [...this.#linked.values()].map(({ link }) => link);
  }

  #link(name: string, source: HiveSource, address?: HiveAddress): void {
    const { beatMs, onChange = () => {} } = this.#options;
    const { close: _close, ...found } = source;
    const link = new HiveLink({
      name,
      ...found,
      onChange,
      ...(beatMs === undefined ? {} : { beatMs }),
    });
    this.#linked.set(name, { link, source, address });
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
  throw new RbeeError("hive_unreachable", `Hive "${name}" has no address now; see rbee hive list`);
}

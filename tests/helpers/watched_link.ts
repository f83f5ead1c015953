import { SignalBell } from "../../src/base/signal_bell.ts";
import { HiveLink, type HivePlace } from "../../src/queen/hive_link.ts";
import type { KnownHive } from "../../src/queen/known_hive.ts";

/** A link to whatever hive a test names, which tells of its changes and does not outlive the test. */
export class WatchedLink implements AsyncDisposable {
  readonly link: HiveLink;
  /** Where the hive is; undefined when there is none. */
  place: HivePlace | undefined;
  /** Looks where the hive is, in place of {@linkcode place}. */
  find: (() => Promise<HivePlace | undefined>) | undefined;
  /** How often it was looked for. */
  finds = 0;
  changes = 0;
  readonly #bell = new SignalBell();

  constructor(place: HivePlace | string | undefined, options: { beatMs?: number } = {}) {
    this.place = typeof place === "string" ? { url: place, runs: true } : place;
    this.link = new HiveLink({
      name: "local",
      find: () => {
        this.finds++;
        return this.find?.() ?? Promise.resolve(this.place);
      },
      onChange: () => {
        this.changes++;
        this.#bell.ring();
      },
      ...options,
    });
  }

  get view(): KnownHive | undefined {
    return this.link.view;
  }

  /** Resolves with what is known of the hive as soon as it matches. */
  async until(matches: (view: KnownHive | undefined) => boolean): Promise<KnownHive | undefined> {
    this.link.start();
    while (!matches(this.view)) await this.#bell.wait();
    return this.view;
  }

  /** Resolves when it is connected. */
  async connected(): Promise<KnownHive> {
    return (await this.until((view) => view?.state === "connected"))!;
  }

  /** Resolves with why it is not connected, when it is not. */
  async unreachable(): Promise<string> {
    return (await this.until((view) => view?.state === "unreachable"))!.unreachable!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.link.close();
  }
}

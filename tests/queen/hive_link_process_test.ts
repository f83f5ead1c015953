import assert from "node:assert/strict";
import { join } from "node:path";
import { SignalBell } from "../../src/base/signal_bell.ts";
import { JobClient } from "../../src/jobs/job_client.ts";
import { Hives } from "../../src/queen/hives.ts";
import type { KnownHive } from "../../src/queen/known_hive.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";
import { BEE_TINY } from "../helpers/test_hive.ts";

// Three of them are more than the two seconds from one of the hive's beats to the next.
const BEAT_MS = 1000;

/** The real program as a hive, and what a queen of the same home knows of it. */
class HomeWithHive implements AsyncDisposable {
  readonly home: RbeeHome;
  readonly hives: Hives;
  readonly #bell = new SignalBell();
  readonly #started: Promise<unknown>[] = [];

  private constructor(home: RbeeHome) {
    this.home = home;
    const [config, state, data, cache] = ["config", "state", "data", "cache"]
      .map((name) => join(home.path, name));
    this.hives = new Hives({ config: config!, state: state!, data: data!, cache: cache! }, {
      beatMs: BEAT_MS,
      onChange: () => this.#bell.ring(),
    });
  }

  static async make(): Promise<HomeWithHive> {
    return new HomeWithHive(await RbeeHome.create());
  }

  /** Starts a hive, which ends with the home, and resolves with its pid when it is ready. */
  async start(): Promise<number> {
    const hive = this.home.start(["serve", "--role", "hive", "--port", "0"]);
    this.#started.push(hive.result);
    await hive.line(/The hive is ready at /);
    return hive.pid;
  }

  /** Resolves with the hive as soon as it matches. */
  async until(matches: (hive: KnownHive) => boolean): Promise<KnownHive> {
    this.hives.start();
    for (;;) {
      const [hive] = this.hives.known();
      if (hive !== undefined && matches(hive)) return hive;
      await this.#bell.wait();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hives.close();
    await this.home[Symbol.asyncDispose]();
    await Promise.all(this.#started);
  }
}

const isConnected = ({ state }: KnownHive) => state === "connected";
const isLost = ({ state }: KnownHive) => state === "unreachable";

Deno.test("Hives take a halted hive's workers out, and back when it goes on", async () => {
  await using setup = await HomeWithHive.make();
  const pid = await setup.start();
  const { url } = await setup.until(isConnected);
  const end = await new JobClient(url!).submitAndStream(BEE_TINY, () => {});
  assert.equal(end.type, "done", JSON.stringify(end));
  const ids = ({ workers }: KnownHive) => workers.map(({ worker_id }) => worker_id);
  const isReady = ({ workers }: KnownHive) => workers[0]?.state === "ready";
  const before = await setup.until((hive) => isConnected(hive) && isReady(hive));
  assert.equal(ids(before).length, 1);

  Deno.kill(pid, "SIGSTOP");
  const lost = await setup.until(isLost);
  assert.deepEqual([lost.workers, lost.version, lost.mayReturn], [[], null, true]);
  assert.match(lost.unreachable ?? "", /silent for too long; end it with rbee down, then rbee up$/);

  Deno.kill(pid, "SIGCONT");
  const back = await setup.until(isConnected);
  assert.deepEqual([ids(back), back.url], [ids(before), url]);
});

Deno.test("Hives find a hive that was killed and started again on another port", async () => {
  await using setup = await HomeWithHive.make();
  const pid = await setup.start();
  const before = await setup.until(isConnected);
  Deno.kill(pid, "SIGKILL");
  await setup.until(isLost);
  // Nobody is there now, which is another matter than one that does not answer.
  const gone = await setup.until(({ unreachable }) => /it has ended/.test(unreachable ?? ""));
  assert.equal(gone.mayReturn, false);
  await setup.start();
  const after = await setup.until(isConnected);
  assert.notEqual(after.url, before.url);
});

import { workerListSchema } from "../../src/contracts/worker.ts";
import { engineCommand } from "../helpers/engine_command.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";
import { AnswerStream, type ChatTarget } from "./answer_stream.ts";

/** The model that the fixture engine answers for; only what has a file can be spawned. */
export const FIXTURE_MODEL = "bee-tiny";

/** How the fixture engine of a home is run. */
export interface FixtureHomeOptions {
  flags?: string[];
  /** How many requests it answers at once. Default 4. */
  parallel?: number;
  /** What rbee.yaml says under `limits`. */
  limits?: Record<string, unknown>;
  /** Whether the queen listens beyond loopback, by the listener that this needs. Default: no. */
  network?: boolean;
}

/** Queen, hive and one worker of the fixture engine, which is ready. */
export class FixtureHome implements AsyncDisposable {
  readonly home: RbeeHome;
  readonly queen: ChatTarget;
  readonly engine: ChatTarget;

  private constructor(home: RbeeHome, urls: { queen: string; engine: string }) {
    this.home = home;
    this.queen = { name: "rbee: queen, hive, worker", baseUrl: `${urls.queen}/v1` };
    this.engine = { name: "direct to the worker", baseUrl: `${urls.engine}/v1` };
  }

  static async start(options: FixtureHomeOptions = {}): Promise<FixtureHome> {
    const home = await RbeeHome.create();
    try {
      await home.configure({
        hive: { memory_check: false },
        ...(options.limits && { limits: options.limits }),
        ...(options.network && { queen: { host: "0.0.0.0" } }),
        models: { [FIXTURE_MODEL]: { engine: "fixture", parallel: options.parallel ?? 4 } },
        engines: { fixture: { command: engineCommand(...options.flags ?? []) } },
      });
      const headers: Record<string, string> = {};
      if (options.network) {
        const made = await home.rbee(["token", "create", "--role", "admin"]);
        if (made.code !== 0) throw new Error(made.stderr);
        headers["Authorization"] = `Bearer ${made.stdout.trim()}`;
      }
      const up = await home.rbee(["up"]);
      if (up.code !== 0) throw new Error(up.stderr);
      const spawned = await home.rbee(["worker", "spawn", FIXTURE_MODEL]);
      if (spawned.code !== 0) throw new Error(spawned.stderr);
      const { url: queen } = await home.daemon("queen");
      const listed = await (await fetch(`${queen}/v1/workers`, { headers })).json();
      const engine = workerListSchema.parse(listed).workers[0]?.url;
      if (!engine) throw new Error("The fixture engine has no address");
      return new FixtureHome(home, { queen, engine });
    } catch (error) {
      await home[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Lets tokens of an engine with `--gate` pass. */
  async release(count: number): Promise<void> {
    const path = `/control/release?count=${count}`;
    const answer = await fetch(new URL(path, this.engine.baseUrl), { method: "POST" });
    await answer.body?.cancel();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.home[Symbol.asyncDispose]();
  }
}

/** Asks for an answer of the fixture engine; it has as many tokens as it may have. */
export function askFixture(target: ChatTarget, maxTokens: number): Promise<AnswerStream> {
  return AnswerStream.open(target, {
    model: FIXTURE_MODEL,
    messages: [{ role: "user", content: "Where does the bee fly?" }],
    max_tokens: maxTokens,
  });
}

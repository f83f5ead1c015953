import assert from "node:assert/strict";
import OpenAI from "openai";
import { RbeeHome } from "./rbee_home.ts";

/** A home whose queen and hive listen on every address of this machine, and tokens of hers. */
export class OpenHome implements AsyncDisposable {
  readonly home: RbeeHome;
  readonly admin: string;
  readonly ann: string;
  readonly ben: string;

  private constructor(home: RbeeHome, [admin, ann, ben]: string[]) {
    this.home = home;
    [this.admin, this.ann, this.ben] = [admin!, ann!, ben!];
  }

  static async start(options: { hive?: boolean } = {}): Promise<OpenHome> {
    const home = await RbeeHome.create();
    try {
      await home.configure({ queen: { host: "0.0.0.0" }, hive: { host: "0.0.0.0" } });
      const tokens: string[] = [];
      for (const [name, role] of [["boss", "admin"], ["ann", "infer"], ["ben", "infer"]]) {
        const made = await home.rbee(["token", "create", "--name", name!, "--role", role!]);
        assert.equal(made.code, 0, made.stderr);
        tokens.push(made.stdout.trim());
      }
      const started = await home.rbee(options.hive ?? true ? ["up"] : ["queen", "start"]);
      assert.equal(started.code, 0, started.stderr);
      return new OpenHome(home, tokens);
    } catch (error) {
      await home[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Where others reach a role: an address of this machine that is not its loopback. */
  async urlOf(role: "queen" | "hive"): Promise<string> {
    const { url } = await this.home.daemon(role);
    return `http://${outerAddress()}:${new URL(url).port}`;
  }

  openai(baseURL: string, apiKey: string): OpenAI {
    return new OpenAI({ baseURL: `${baseURL}/v1`, apiKey, maxRetries: 0 });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.home[Symbol.asyncDispose]();
  }
}

/** An address of this machine that is not its loopback; undefined where it has no network. */
export function outerAddress(): string | undefined {
  return Deno.networkInterfaces().find(({ family, address }) =>
    family === "IPv4" && !address.startsWith("127.")
  )?.address;
}

import assert from "node:assert/strict";
import OpenAI from "openai";
import { JobClient } from "../../src/jobs/job_client.ts";
import type { TerminalEvent } from "../../src/contracts/job_event.ts";
import { RbeeHome } from "./rbee_home.ts";

/** A home whose queen runs, and clients of hers that others wrote. */
export interface OpenAiHome extends AsyncDisposable {
  home: RbeeHome;
  /** Where OpenAI's API is. */
  baseURL: string;
  openai: OpenAI;
  /** How a job ended, when it has. */
  endOf(jobId: string | null | undefined): Promise<TerminalEvent>;
}

/**
 * More than a minute of answer to any question about it, so that no answer ends before an abort. For a
 * home with `isLong`.
 */
export function endlessFormat() {
  const required = Array.from({ length: 1000 }, (_, at) => `bee_${at}`);
  const properties = Object.fromEntries(required.map((name) => [name, { type: "boolean" }]));
  const schema = { type: "object", properties, required, additionalProperties: false };
  return { type: "json_schema" as const, json_schema: { name: "bees", schema } };
}

/**
 * Starts a home with queen and hive, or with the queen alone; `isLong` gives the demo model a context
 * for long answers. Clients try once: what they are told is looked at, and not how often they ask.
 */
export async function startOpenAiHome(
  options: { hive?: boolean; isLong?: boolean } = {},
): Promise<OpenAiHome> {
  const home = await RbeeHome.create();
  try {
    if (options.isLong) await home.configure({ models: { "bee-tiny": { context: 8192 } } });
    const started = await home.rbee(options.hive ?? true ? ["up"] : ["queen", "start"]);
    assert.equal(started.code, 0, started.stderr);
    const { url } = await home.daemon("queen");
    const baseURL = `${url}/v1`;
    return {
      home,
      baseURL,
      openai: new OpenAI({ baseURL, apiKey: "unused", maxRetries: 0 }),
      async endOf(jobId) {
        assert.ok(jobId, "the answer names its job");
        for await (const event of new JobClient(url).stream(jobId)) {
          if (event.type === "done" || event.type === "error" || event.type === "cancelled") {
            return event;
          }
        }
        assert.fail(`job ${jobId} has no end`);
      },
      [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
    };
  } catch (error) {
    await home[Symbol.asyncDispose]();
    throw error;
  }
}

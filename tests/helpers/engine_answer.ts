import assert from "node:assert/strict";
import type { JobEvent, TerminalEvent } from "../../src/contracts/job_event.ts";
import { type InferInput, inferSchema } from "../../src/contracts/operation.ts";
import type { OpenAiEngine } from "../../src/hive/engine_request.ts";
import { inferOverOpenAi } from "../../src/hive/openai_engine.ts";
import type { Job } from "../../src/jobs/job.ts";
import { startLocalJob } from "./local_job.ts";

/** What a request may hold beside its operation and model. */
export type InferFields = Omit<InferInput, "operation" | "model">;

/** Words that stand in every prompt that is asked here, and that nobody may repeat. */
export const SECRET = "xylophone quartz zymurgy";

/** A request that an engine answers in a job of this process. */
export class EngineAnswer {
  readonly job: Job;
  readonly #ended: Promise<JobEvent[]>;
  /** What the function threw, when it did. */
  thrown: unknown;

  constructor(engine: OpenAiEngine, fields: InferFields = { prompt: `Say ${SECRET}` }) {
    const request = inferSchema.parse({ operation: "infer", model: "asked-model", ...fields });
    const local = startLocalJob(async (job) => {
      try {
        return await inferOverOpenAi(engine, request, job);
      } catch (error) {
        this.thrown = error;
        throw error;
      }
    });
    this.job = local.job;
    this.#ended = local.ended.then((events) => {
      for (const event of events) assertSilent(event);
      return events;
    });
  }

  /** Resolves with all events when the job has ended; none but tokens holds any text of it. */
  async events(): Promise<JobEvent[]> {
    return await this.#ended;
  }

  /** Resolves with the pieces of text, in the order of the events, which must count from 0. */
  async pieces(): Promise<string[]> {
    const tokens = (await this.events()).flatMap((event) => event.type === "token" ? [event] : []);
    assert.deepEqual(tokens.map(({ i }) => i), [...tokens.keys()]);
    return tokens.map(({ text }) => text);
  }

  /** Resolves with the last event. */
  async end(): Promise<TerminalEvent> {
    return (await this.events()).at(-1) as TerminalEvent;
  }

  /** Resolves with the end when it is an error of this code and sentence. */
  async failed(code: string, message: RegExp): Promise<void> {
    const end = await this.end();
    assert.ok(end.type === "error", JSON.stringify(end));
    assert.equal(end.code, code, end.message);
    assert.match(end.message, message);
    assert.ok(!/\n/.test(end.message) && end.message.length < 600, end.message);
  }

  /** Resolves with the sentences narrated for an action. */
  async said(action: string): Promise<string[]> {
    return (await this.events()).flatMap((event) =>
      event.type === "narration" && event.action === action ? [event.human] : []
    );
  }

  /** Resolves when so many tokens are in the log. */
  async untilTokens(count: number): Promise<void> {
    const cursor = this.job.log.cursor();
    let seen = 0;
    const decoder = new TextDecoder();
    while (seen < count) {
      const bytes = cursor.read();
      if (bytes !== undefined) seen += decoder.decode(bytes).split("\nevent: token\n").length - 1;
      else if (this.job.log.ended) throw new Error(`the job ended after ${seen} tokens`);
      else await cursor.wait();
    }
  }
}

function assertSilent(event: JobEvent): void {
  if (event.type === "token") return;
  const text = JSON.stringify(event);
  for (const word of SECRET.split(" ")) assert.ok(!text.includes(word), text);
}

import assert from "node:assert/strict";
import { isTerminal } from "../../src/contracts/job_event.ts";
import type { JobView } from "../../src/contracts/job.ts";
import { JobClient, type OperationBody } from "../../src/jobs/job_client.ts";
import { JobReader } from "./job_reader.ts";

/** How a stream of OpenAI's API ended. */
export interface OpenAiEnd {
  jobId: string;
  /** The last event that holds anything. */
  last: string;
}

/** Requests to a role that go on while it is told to end, and what became of each. */
export class Load {
  readonly client: JobClient;
  /** The jobs that were accepted. */
  readonly accepted = new Set<string>();
  /** The codes of what was refused. */
  readonly refused: string[] = [];
  readonly #knocking: Promise<void>[] = [];
  readonly #refusal = new Map<string, PromiseWithResolvers<void>>();

  constructor(client: JobClient) {
    this.client = client;
  }

  /** Submits a job and reads its stream. */
  async read(body: OperationBody): Promise<JobReader> {
    const { job_id } = await this.client.submit(body);
    this.accepted.add(job_id);
    return new JobReader(this.client, job_id);
  }

  /** Asks by OpenAI's API for a stream; `begun` resolves with its first words. */
  chat(body: Record<string, unknown>): { begun: Promise<void>; end: Promise<OpenAiEnd> } {
    const begun = Promise.withResolvers<void>();
    const read = async (): Promise<OpenAiEnd> => {
      const answer = await fetch(`${this.client.baseUrl}/v1/chat/completions`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ ...body, stream: true }),
      });
      const jobId = answer.headers.get("x-rbee-job-id")!;
      this.accepted.add(jobId);
      let text = "";
      for await (const piece of answer.body!.pipeThrough(new TextDecoderStream())) {
        text += piece;
        if (text.includes('"content"')) begun.resolve();
      }
      begun.reject(new Error(text));
      return {
        jobId,
        last: text.split("\n\n").filter((event) => event.startsWith("data")).at(-1)!,
      };
    };
    const end = read();
    end.catch(begun.reject);
    begun.promise.catch(() => {});
    return { begun: begun.promise, end };
  }

  /** Submits the same again and again, until nobody listens any more. */
  knock(body: OperationBody): void {
    this.#knocking.push(this.#knock(body));
  }

  /** Resolves when something was refused with this code. */
  async refusal(code: string): Promise<void> {
    if (this.refused.includes(code)) return;
    const seen = this.#refusal.get(code) ?? Promise.withResolvers<void>();
    this.#refusal.set(code, seen);
    await seen.promise;
  }

  /** Resolves when nobody listens any more. */
  async over(): Promise<void> {
    await Promise.all(this.#knocking);
  }

  /**
   * Asserts that each accepted job is known with its end, and that its stream ends with that once.
   * Gives them.
   */
  async assertAllEnded(client: JobClient): Promise<JobView[]> {
    const views: JobView[] = [];
    for (const jobId of this.accepted) {
      const view = await client.get(jobId);
      assert.ok(isTerminal({ type: view.state }), `${jobId} is ${view.state}`);
      const text = await (await fetch(`${client.baseUrl}/v1/jobs/${jobId}/stream`)).text();
      const types = [...text.matchAll(/^event: (\w+)$/gm)].map(([, type]) => type!);
      const ends = types.filter((type) => isTerminal({ type }));
      assert.deepEqual(ends, [view.state], `the ends of ${jobId}`);
      assert.equal(types.at(-1), view.state);
      views.push(view);
    }
    return views;
  }

  async #knock(body: OperationBody): Promise<void> {
    for (;;) {
      let answer: Response;
      try {
        answer = await fetch(`${this.client.baseUrl}/v1/jobs`, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify(body),
        });
        const { job_id, error } = await answer.json();
        if (answer.status === 202) this.accepted.add(job_id);
        else this.#refused(error.code);
      } catch {
        return;
      }
    }
  }

  #refused(code: string): void {
    this.refused.push(code);
    this.#refusal.get(code)?.resolve();
  }
}

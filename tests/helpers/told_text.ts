import { join } from "node:path";
import type { JobClient } from "../../src/jobs/job_client.ts";

/** Where a text was found that nobody was to tell or to keep, each place once. */
export class ToldText {
  readonly places: string[] = [];
  readonly #words: readonly string[];

  /** @param words What is looked for, each for itself, as bytes of UTF-8. */
  constructor(...words: readonly string[]) {
    this.#words = words;
  }

  /** Looks at a text that somebody was shown. */
  look(place: string, text: string): void {
    const word = this.#words.find((each) => text.includes(each));
    if (word !== undefined) this.#note(place, word, text.indexOf(word), text);
  }

  /** Looks at all files of a folder, whatever they hold, but for those that `isMeantTo` names. */
  async lookAtFiles(folder: string, isMeantTo: (path: string) => boolean): Promise<void> {
    const decoder = new TextDecoder("latin1");
    for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
      const path = join(folder, name);
      if (isMeantTo(path)) continue;
      if (isDirectory) await this.lookAtFiles(path, isMeantTo);
      else if (isFile) this.look(path, decoder.decode(await Deno.readFile(path)));
    }
  }

  /**
   * Looks at the list of a role's jobs, at each of them, and at the streams of those that have ended,
   * tokens left out.
   */
  async lookAtJobs(client: JobClient): Promise<void> {
    const { baseUrl } = client;
    const list = await textOf(`${baseUrl}/v1/jobs?limit=1000`);
    this.look(`the jobs of ${baseUrl}`, list);
    const { jobs } = JSON.parse(list) as {
      jobs: { job_id: string; operation: string; finished_at: string | null }[];
    };
    for (const { job_id, operation, finished_at } of jobs) {
      const url = `${baseUrl}/v1/jobs/${job_id}`;
      this.look(`the job ${operation} of ${baseUrl}`, await textOf(url));
      // The stream of one that runs has no end yet.
      for (const format of finished_at === null ? [] : ["events", "text"]) {
        const stream = await textOf(`${url}/stream?format=${format}`);
        const frames = stream.split("\n\n").filter((frame) => !frame.includes("event: token\n"));
        this.look(`the stream (${format}) of ${operation} of ${baseUrl}`, frames.join("\n\n"));
      }
    }
  }

  /** Looks at what a role lists of its workers, and at the log of each. */
  async lookAtWorkers(client: JobClient): Promise<void> {
    const { baseUrl } = client;
    const list = await textOf(`${baseUrl}/v1/workers`);
    this.look(`the workers of ${baseUrl}`, list);
    const { workers } = JSON.parse(list) as { workers: { worker_id: string }[] };
    for (const { worker_id } of workers) {
      const log = await textOf(`${baseUrl}/v1/workers/${worker_id}/log?follow=false`);
      this.look(`the log of ${worker_id}`, log);
    }
  }

  #note(place: string, word: string, at: number, text: string): void {
    this.places.push(`${word} in ${place}: …${text.slice(Math.max(0, at - 200), at + 100)}…`);
  }
}

async function textOf(url: string): Promise<string> {
  return await (await fetch(url)).text();
}

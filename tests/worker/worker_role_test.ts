import assert from "node:assert/strict";
import { JobClient } from "../../src/jobs/job_client.ts";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import type { NarrationRecord } from "../../src/contracts/narration_record.ts";
import type { WorkerOptions } from "../../src/contracts/worker.ts";
import { addNarrationSink } from "../../src/narration/narration_sink.ts";
import { runWorker } from "../../src/worker/worker_role.ts";
import { parseFrames } from "../helpers/event_frames.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { stayAwake } from "../helpers/stay_awake.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const STORY = { operation: "infer", model: "bee-tiny", temperature: 0 } as const;
const messages = (content: string) => [{ role: "user", content }];

/** A worker in this process that a test ends as a signal would. */
class TestWorker implements AsyncDisposable {
  readonly url: string;
  readonly client: JobClient;
  /** Its exit code. */
  readonly ended: Promise<number>;
  readonly #end: AbortController;

  private constructor(url: string, ended: Promise<number>, end: AbortController) {
    this.url = url;
    this.client = new JobClient(url);
    this.ended = ended;
    this.#end = end;
  }

  /** Starts one and resolves when it narrates `action`. */
  static async start(
    options: WorkerOptions = {},
    { model = "bee-tiny", until = "worker_ready", flushed = Promise.resolve() } = {},
  ): Promise<TestWorker> {
    const end = new AbortController();
    const reached = Promise.withResolvers<void>();
    let url = "";
    const remove = addNarrationSink({
      write(record: NarrationRecord) {
        if (record.action === "listening") url = String(record.fields?.["url"]);
        if (record.action === until) reached.resolve();
      },
    });
    const ended = runWorker(
      {
        model,
        device: "cpu",
        host: "127.0.0.1",
        port: 0,
        parentPipe: false,
        maxQueue: 512,
        memoryCheck: true,
        options,
      },
      {
        signal: end.signal,
        onReload: () => {},
        flushOutput: () => flushed,
        diagnostic: () => {},
        onForcedEnd: () => {},
        diagnosticColor: false,
      },
    );
    await reached.promise;
    remove();
    return new TestWorker(url, ended, end);
  }

  async health(): Promise<{ httpStatus: number; status: string; role: string }> {
    const response = await fetch(`${this.url}/health`);
    return { httpStatus: response.status, ...await response.json() };
  }

  /** Submits a job and gives all its events. */
  async ask(fields: Record<string, unknown>): Promise<JobEvent[]> {
    const events: JobEvent[] = [];
    await this.client.submitAndStream({ ...STORY, ...fields }, (event) => void events.push(event));
    return events;
  }

  /** Tells it to end, as SIGTERM does. */
  end(): void {
    this.#end.abort(new Error("SIGTERM"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
    await this.ended;
  }
}

stayAwake();

const textOf = (events: readonly JobEvent[]) =>
  events.map((event) => event.type === "token" ? event.text : "").join("");

Deno.test("runWorker() answers over HTTP with tokens, narration and the usage", async () => {
  await using worker = await TestWorker.start();
  const events = await worker.ask({ messages: messages("Count to five.") });
  assert.equal(textOf(events), "one, two, three, four, five.");
  const end = events.at(-1);
  assert.ok(end?.type === "done");
  assert.equal(end.finish_reason, "stop");
  assert.equal(end.usage?.prompt_tokens, 12);
  assert.deepEqual(
    events.flatMap((event) => event.type === "token" ? [event.i] : []),
    events.filter(({ type }) => type === "token").map((_, i) => i),
  );
  assert.ok(events.some((event) => event.type === "narration" && event.action === "infer_done"));
});

Deno.test("runWorker() answers more requests at once than it has slots", async () => {
  await using worker = await TestWorker.start({ parallel: 2 });
  const names = ["Luna", "Milo", "Hazel", "Bruno", "Ivy"];
  const answers = await Promise.all(
    names.map((name) => worker.ask({ messages: messages(`Tell me a story about ${name}.`) })),
  );
  for (const [index, name] of names.entries()) assert.match(textOf(answers[index]!), RegExp(name));
  const waited = answers.filter((events) =>
    events.some((event) => event.type === "narration" && event.action === "infer_wait")
  );
  assert.equal(waited.length, 3);
});

Deno.test("runWorker() tells in each job's stream its own places in the queue alone", async () => {
  await using worker = await TestWorker.start({ parallel: 1 });
  const jobs = [];
  for (let n = 0; n < 3; n++) {
    jobs.push(await worker.client.submit({ ...STORY, messages: messages("Tell me a story.") }));
  }
  for (const [place, { job_id }] of jobs.entries()) {
    const places: unknown[] = [];
    for await (const event of worker.client.stream(job_id)) {
      if (event.type !== "narration" || event.action !== "infer_wait") continue;
      assert.equal(event.job_id, job_id);
      places.push(event.fields?.["place"]);
    }
    assert.deepEqual(places, [1, 2].slice(0, place).reverse());
  }
});

Deno.test("runWorker() says in words that a prompt is too long", async () => {
  await using worker = await TestWorker.start();
  const [end] = (await worker.ask({ prompt: "bee ".repeat(500) })).slice(-1);
  assert.ok(end?.type === "error");
  assert.equal(end.code, "context_length_exceeded");
  assert.match(end.message, /^The prompt has \d+ tokens and the context 256; shorten it/);
});

Deno.test("runWorker() refuses a request for another model", async () => {
  await using worker = await TestWorker.start();
  const [end] = (await worker.ask({ model: "other", prompt: "x" })).slice(-1);
  assert.ok(end?.type === "error");
  assert.equal(end.code, "model_not_found");
});

Deno.test("runWorker() cancels a request that runs and goes on with the next", async () => {
  await using worker = await TestWorker.start({ context: 4096, parallel: 1 });
  const { job_id } = await worker.client.submit({
    ...STORY,
    prompt: "bee ".repeat(3000),
    max_tokens: 4000,
  });
  await worker.client.cancel(job_id);
  const types: string[] = [];
  for await (const event of worker.client.stream(job_id)) types.push(event.type);
  assert.equal(types.at(-1), "cancelled");
  assert.equal(
    textOf(await worker.ask({ messages: messages("Count to five.") })),
    "one, two, three, four, five.",
  );
});

Deno.test("runWorker() never narrates what was asked or answered", async () => {
  using said = new RecordedNarration();
  await using worker = await TestWorker.start();
  await worker.ask({ messages: messages("Count to five.") });
  await worker.ask({ prompt: "zanzibar zanzibar", max_tokens: 3 });
  const all = JSON.stringify(said.records);
  assert.ok(!/zanzibar|Count to|three/.test(all), all);
});

Deno.test("runWorker() says starting until its last words before readiness are written", async () => {
  const flushed = Promise.withResolvers<void>();
  await using worker = await TestWorker.start({}, { flushed: flushed.promise });
  const before = await worker.health();
  assert.deepEqual([before.httpStatus, before.status], [503, "starting"]);
  // A request need not wait for readiness: it waits for the model.
  assert.equal((await worker.ask({ prompt: "x", max_tokens: 1 })).at(-1)?.type, "done");
  flushed.resolve();
  await worker.ask({ prompt: "x", max_tokens: 1 });
  const after = await worker.health();
  assert.deepEqual([after.httpStatus, after.status, after.role], [200, "ok", "worker"]);
});

Deno.test("runWorker() takes a request while it loads and answers it when it has", async () => {
  await using worker = await TestWorker.start({}, { until: "listening" });
  const answer = worker.ask({ messages: messages("Count to five.") });
  assert.equal(textOf(await answer), "one, two, three, four, five.");
});

Deno.test("runWorker() tells its status, also as plain text", async () => {
  await using worker = await TestWorker.start();
  const { job_id } = await worker.client.submit({ operation: "status" });
  for await (const event of worker.client.stream(job_id)) {
    assert.ok(event.type === "done");
    assert.deepEqual(
      { ...event.result as object, version: "" },
      { role: "worker", version: "", model: "bee-tiny", loaded: true },
    );
  }
  const plain = await fetch(`${worker.url}/v1/jobs/${job_id}/stream?format=text`);
  assert.equal(parseFrames(await plain.text()).at(-1)?.data, "[DONE]");
});

Deno.test("runWorker() ends with 0 when it is told to, also by a request", async () => {
  const signalled = await TestWorker.start();
  signalled.end();
  assert.equal(await signalled.ended, 0);
  const asked = await TestWorker.start();
  const response = await fetch(`${asked.url}/v1/shutdown`, { method: "POST" });
  assert.deepEqual([response.status, await response.json()], [202, { status: "stopping" }]);
  assert.equal(await asked.ended, 0);
});

Deno.test("runWorker() lets a running request end before it ends itself", async () => {
  const worker = await TestWorker.start();
  const first = Promise.withResolvers<void>();
  const answered = worker.client.submitAndStream(
    { ...STORY, messages: messages("Tell me a story about Luna.") },
    (event) => {
      if (event.type === "token") first.resolve();
    },
  );
  await first.promise;
  worker.end();
  assert.equal((await answered).type, "done");
  assert.equal(await worker.ended, 0);
});

Deno.test("runWorker() ends with 1 and its reason when the model cannot be loaded", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("page.gguf");
  await Deno.writeTextFile(path, "<!DOCTYPE html>");
  using said = new RecordedNarration();
  const worker = await TestWorker.start({}, { model: path, until: "listening" });
  assert.equal(await worker.ended, 1);
  const last = said.records.at(-1);
  assert.equal(last?.action, "model_load");
  assert.equal(last?.level, "error");
  assert.equal(last?.fields?.["code"], "not_gguf");
  assert.match(last?.human ?? "", /is not a GGUF file/);
});

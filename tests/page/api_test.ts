import assert from "node:assert/strict";
import { ApiError, ask, askJson, setOrigin, submitJob } from "../../src/page/api.ts";

/** A server that answers a submit as a test wants it, and what it was sent. */
class SubmitServer implements AsyncDisposable {
  readonly jobIds: string[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  /** @param answer Gives the answer to the submit of that number, counted from 1. */
  constructor(answer: (count: number, jobId: string) => Response) {
    const handler = async (request: Request) => {
      const { job_id } = await request.json() as { job_id: string };
      this.jobIds.push(job_id);
      return answer(this.jobIds.length, job_id);
    };
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {}, handler });
    setOrigin(`http://127.0.0.1:${this.#server.addr.port}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    setOrigin("");
    await this.#server.shutdown();
  }
}

const JOB_ID = /^job-[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const taken = (jobId: string) => Response.json({ job_id: jobId, sse_url: "" }, { status: 202 });
const cutOff = () => new Response('{"job_id":"job-', { status: 202 });

Deno.test("submitJob() names the job, and sends the same again where its answer broke off", async () => {
  await using server = new SubmitServer((count, id) => count === 1 ? cutOff() : taken(id));
  const id = await submitJob({ operation: "hive_list" });
  assert.match(id, JOB_ID);
  assert.deepEqual(server.jobIds, [id, id]);
});

Deno.test("submitJob() gives up when no answer comes a second time, with an error to show", async () => {
  await using server = new SubmitServer(cutOff);
  await assert.rejects(
    submitJob({ operation: "hive_list" }),
    (error) => error instanceof ApiError && error.code === "unreachable" && error.status === 0,
  );
  assert.equal(server.jobIds.length, 2);
});

Deno.test("submitJob() does not repeat what the queen has refused", async () => {
  const body = { error: { code: "model_not_found", message: "No such model", type: "x" } };
  await using server = new SubmitServer(() => Response.json(body, { status: 404 }));
  await assert.rejects(
    submitJob({ operation: "infer" }),
    (error) => error instanceof ApiError && error.code === "model_not_found",
  );
  assert.equal(server.jobIds.length, 1);
});

Deno.test("an answer that is no JSON is an error to show, not a defect", async () => {
  await using _server = new SubmitServer(() => new Response("<html>a proxy's page</html>"));
  await assert.rejects(
    askJson("/v1/models", { method: "POST", body: "{}" }),
    (error) => error instanceof ApiError && error.code === "unreachable",
  );
});

Deno.test("a request that gets no answer in its time ends with words that name tabs, not later", async () => {
  const late = Promise.withResolvers<Response>();
  const handler = () => late.promise;
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {}, handler });
  setOrigin(`http://127.0.0.1:${server.addr.port}`);
  try {
    await assert.rejects(
      ask("/v1/jobs", { limitMs: 20 }),
      (error) =>
        error instanceof ApiError && error.code === "unreachable" &&
        /did not answer in 0.02 s.*tabs/.test(error.message),
    );
  } finally {
    late.resolve(new Response());
    setOrigin("");
  }
});

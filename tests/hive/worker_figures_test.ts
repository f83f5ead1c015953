import assert from "node:assert/strict";
import type { WorkerState } from "../../src/contracts/worker.ts";
import { figuresOfWorkers } from "../../src/hive/worker_figures.ts";
import { completeSpec } from "../../src/hive/worker_spec.ts";
import { workerSpawnSchema } from "../../src/contracts/operation.ts";

const GOOD = "# TYPE rbee_x gauge\nrbee_x 1\n";
const encoder = new TextEncoder();

/** A worker whose figures are what `answer` gives. */
function workerThat(
  answer: (request: Request) => Response | Promise<Response>,
  options: { engine?: string; state?: WorkerState } = {},
) {
  let asked = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    asked++;
    assert.equal(new URL(request.url).pathname, "/metrics");
    return answer(request);
  });
  const { engine, state = "ready" } = options;
  const request = workerSpawnSchema.parse({
    operation: "worker_spawn",
    model: "a",
    ...(engine && { engine }),
  });
  return {
    id: `worker-${server.addr.port}`,
    spec: completeSpec(request, undefined),
    url: `http://127.0.0.1:${server.addr.port}`,
    state,
    asked: () => asked,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const labelsOf = ({ id }: { id: string }) => ({ worker_id: id });

Deno.test("figuresOfWorkers() has the answer of each worker with its labels", async () => {
  await using one = workerThat(() => new Response(GOOD));
  await using two = workerThat(() => new Response(GOOD));
  assert.deepEqual(await figuresOfWorkers([one, two], labelsOf), [
    { text: GOOD, labels: { worker_id: one.id } },
    { text: GOOD, labels: { worker_id: two.id } },
  ]);
});

Deno.test("figuresOfWorkers() does not ask other engines, nor workers that are not ready", async () => {
  await using foreign = workerThat(() => new Response(GOOD), { engine: "llama-server" });
  await using loading = workerThat(() => new Response(GOOD), { state: "loading" });
  const gone = { ...loading, state: "ready" as const, url: null };
  assert.deepEqual(await figuresOfWorkers([foreign, loading, gone], labelsOf), []);
  assert.deepEqual([foreign.asked(), loading.asked()], [0, 0]);
});

Deno.test("figuresOfWorkers() leaves out workers that fail, never end or hang, and keeps the others", async () => {
  const hung = Promise.withResolvers<Response>();
  await using good = workerThat(() => new Response(GOOD));
  await using failing = workerThat(() => new Response(GOOD, { status: 500 }));
  await using endless = workerThat(() =>
    new Response(
      new ReadableStream({
        pull: (controller) => controller.enqueue(encoder.encode(GOOD.repeat(1000))),
      }),
    )
  );
  await using hanging = workerThat(() => hung.promise);
  const closed = { ...good, url: "http://127.0.0.1:1" };
  const figures = await figuresOfWorkers([failing, endless, hanging, closed, good], labelsOf);
  assert.deepEqual(figures, [{ text: GOOD, labels: { worker_id: good.id } }]);
  hung.resolve(new Response());
});

import assert from "node:assert/strict";
import {
  narrationContext,
  narrationMode,
  withNarrationContext,
  withoutNarrationContext,
} from "../../src/narration/context.ts";
import { narrate } from "../../src/narration/narrate.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";

Deno.test("context injection: narrate() takes job, correlation and actor from the context", () => {
  using recorded = new RecordedNarration();
  const context = { jobId: "job-1", correlationId: "c-1", actor: "hive:gpu" };
  withNarrationContext(context, () => narrate("worker_spawn", "Spawning"));
  const [record] = recorded.records;
  assert.equal(record?.job_id, "job-1");
  assert.equal(record?.correlation_id, "c-1");
  assert.equal(record?.actor, "hive:gpu");
});

Deno.test("context injection: the job id holds across await", async () => {
  using recorded = new RecordedNarration();
  await withNarrationContext({ jobId: "job-1" }, async () => {
    narrate("before", "");
    await Promise.resolve();
    narrate("after_microtask", "");
    await Deno.stat(Deno.cwd());
    narrate("after_io", "");
  });
  assert.deepEqual(recorded.actionsOf("job-1"), ["before", "after_microtask", "after_io"]);
  assert.equal(recorded.records.length, 3);
});

Deno.test("context injection: the job id holds in setTimeout, queueMicrotask and events", async () => {
  using recorded = new RecordedNarration();
  const target = new EventTarget();
  await withNarrationContext({ jobId: "job-1" }, async () => {
    await new Promise<void>((resolve) =>
      setTimeout(() => {
        narrate("timer", "");
        resolve();
      }, 0)
    );
    await new Promise<void>((resolve) =>
      queueMicrotask(() => {
        narrate("microtask", "");
        resolve();
      })
    );
    target.addEventListener("bell", () => narrate("event", ""));
    target.dispatchEvent(new Event("bell"));
  });
  assert.deepEqual(recorded.actionsOf("job-1"), ["timer", "microtask", "event"]);
});

Deno.test("context injection: the job id holds in a ReadableStream and its reader", async () => {
  using recorded = new RecordedNarration();
  await withNarrationContext({ jobId: "job-1" }, async () => {
    let left = 2;
    const stream = new ReadableStream<string>({
      async pull(controller) {
        await Promise.resolve();
        narrate("pull", "");
        if (left-- > 0) controller.enqueue("chunk");
        else controller.close();
      },
    }, { highWaterMark: 0 });
    const upper = stream.pipeThrough(
      new TransformStream<string, string>({
        transform(chunk, controller) {
          narrate("transform", "");
          controller.enqueue(chunk.toUpperCase());
        },
      }),
    );
    for await (const chunk of upper) narrate("read", chunk);
  });
  assert.equal(recorded.actionsOf(undefined).length, 0);
  const counts = Object.groupBy(recorded.actionsOf("job-1"), (action) => action);
  assert.equal(counts["pull"]?.length, 3);
  assert.equal(counts["transform"]?.length, 2);
  assert.equal(counts["read"]?.length, 2);
});

Deno.test("context injection: the job id holds in an async generator read inside", async () => {
  using recorded = new RecordedNarration();
  async function* steps() {
    for (const step of ["one", "two"]) {
      await Promise.resolve();
      narrate(step, "");
      yield step;
    }
  }
  await withNarrationContext({ jobId: "job-1" }, async () => {
    assert.deepEqual(await Array.fromAsync(steps()), ["one", "two"]);
  });
  assert.deepEqual(recorded.actionsOf("job-1"), ["one", "two"]);
});

Deno.test("context injection: two concurrent jobs under Promise.all never mix", async () => {
  using recorded = new RecordedNarration();
  const turns = 50;
  const job = (jobId: string) =>
    withNarrationContext({ jobId }, async () => {
      for (let turn = 0; turn < turns; turn++) {
        narrate(`${jobId}_step`, String(turn));
        if (turn % 2 === 0) await Promise.resolve();
        else await new Promise((resolve) => setTimeout(resolve, 0));
      }
    });
  await Promise.all([job("a"), job("b")]);
  assert.deepEqual(recorded.actionsOf("a"), Array.from({ length: turns }, () => "a_step"));
  assert.deepEqual(recorded.actionsOf("b"), Array.from({ length: turns }, () => "b_step"));
  const switches = recorded.records.filter(({ job_id }, at) =>
    job_id !== recorded.records[at - 1]?.job_id
  );
  assert.ok(switches.length > 10, "the jobs did not run side by side");
});

Deno.test("context injection: work begun inside keeps its job after the caller went on", async () => {
  using recorded = new RecordedNarration();
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const background = withNarrationContext({ jobId: "job-1" }, async () => {
    await gate;
    narrate("late", "");
  });
  narrate("outside", "");
  open();
  await background;
  assert.deepEqual(recorded.actionsOf("job-1"), ["late"]);
  assert.deepEqual(recorded.actionsOf(undefined), ["outside"]);
});

Deno.test("withNarrationContext() gives back what its body gives and throws what it throws", () => {
  assert.equal(withNarrationContext({ jobId: "a" }, () => 7), 7);
  const thrown = new Error("from the body");
  assert.throws(
    () =>
      withNarrationContext({ jobId: "a" }, () => {
        throw thrown;
      }),
    thrown,
  );
  assert.deepEqual(narrationContext(), {});
});

Deno.test("withNarrationContext() lays the inner context over the outer one", () => {
  withNarrationContext({ jobId: "a", correlationId: "c" }, () => {
    withNarrationContext({ actor: "worker" }, () => {
      assert.deepEqual(narrationContext(), { jobId: "a", correlationId: "c", actor: "worker" });
    });
    withNarrationContext({ jobId: "b" }, () => {
      assert.deepEqual(narrationContext(), { jobId: "b", correlationId: "c" });
    });
    assert.deepEqual(narrationContext(), { jobId: "a", correlationId: "c" });
  });
});

Deno.test("withoutNarrationContext() runs its body in no job, also across await", async () => {
  using recorded = new RecordedNarration();
  await withNarrationContext({ jobId: "job-1", correlationId: "c" }, async () => {
    await withoutNarrationContext(async () => {
      await Promise.resolve();
      assert.deepEqual(narrationContext(), {});
      narrate("daemon", "");
    });
    narrate("job", "");
  });
  assert.deepEqual(recorded.actionsOf(undefined), ["daemon"]);
  assert.deepEqual(recorded.actionsOf("job-1"), ["job"]);
});

Deno.test("narrationMode() tells a job from standalone", () => {
  assert.deepEqual(narrationMode(), { mode: "standalone" });
  withNarrationContext({ correlationId: "c" }, () => {
    assert.deepEqual(narrationMode(), { mode: "standalone" });
  });
  withNarrationContext({ jobId: "a" }, () => {
    assert.deepEqual(narrationMode(), { mode: "job", jobId: "a" });
  });
});

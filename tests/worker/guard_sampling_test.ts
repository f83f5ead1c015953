import assert from "node:assert/strict";
import type { LlamaContext } from "node-llama-cpp";
import { guardSampling } from "../../src/worker/guard_sampling.ts";

/** The inside of a context, whose samplings end when the test says so. */
class InnerContext {
  readonly begun: number[] = [];
  readonly #ends = new Map<number, PromiseWithResolvers<number>>();

  decodeBatch(): Promise<void> {
    return Promise.resolve();
  }

  sampleToken(row: number): Promise<number> {
    this.begun.push(row);
    const end = Promise.withResolvers<number>();
    this.#ends.set(row, end);
    return end.promise;
  }

  end(row: number): void {
    this.#ends.get(row)!.resolve(row);
  }

  fail(row: number): void {
    this.#ends.get(row)!.reject(new Error("no memory"));
  }
}

function guarded(): InnerContext {
  const inner = new InnerContext();
  guardSampling({ _ctx: inner } as unknown as LlamaContext);
  return inner;
}

Deno.test("guardSampling() lets the first of a batch end before the others begin, and these go together", async () => {
  const inner = guarded();
  await inner.decodeBatch();
  const sampled = [5, 3, 8].map((row) => inner.sampleToken(row));
  await Promise.resolve();
  assert.deepEqual(inner.begun, [5]);
  inner.end(5);
  assert.equal(await sampled[0], 5);
  await Promise.resolve();
  assert.deepEqual(inner.begun, [5, 3, 8]);
  inner.end(3);
  inner.end(8);
  assert.deepEqual(await Promise.all(sampled), [5, 3, 8]);
});

Deno.test("guardSampling() does so anew for each batch", async () => {
  const inner = guarded();
  for (const rows of [[1, 2], [3, 4]] as const) {
    await inner.decodeBatch();
    const sampled = rows.map((row) => inner.sampleToken(row));
    await Promise.resolve();
    assert.equal(inner.begun.at(-1), rows[0]);
    inner.end(rows[0]);
    await sampled[0];
    await Promise.resolve();
    inner.end(rows[1]);
    assert.deepEqual(await Promise.all(sampled), rows);
  }
});

Deno.test("guardSampling() lets the others go on when the first has failed", async () => {
  const inner = guarded();
  await inner.decodeBatch();
  const [first, second] = [inner.sampleToken(1), inner.sampleToken(2)];
  inner.fail(1);
  await assert.rejects(first!, /no memory/);
  await Promise.resolve();
  inner.end(2);
  assert.equal(await second, 2);
});

Deno.test("guardSampling() refuses a package that it cannot guard", () => {
  assert.throws(() => guardSampling({} as unknown as LlamaContext), { code: "internal" });
});

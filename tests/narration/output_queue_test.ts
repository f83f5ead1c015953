import assert from "node:assert/strict";
import fc from "fast-check";
import { OutputQueue, type OutputWriter } from "../../src/narration/output_queue.ts";
import { BlockedWriter, MemoryWriter } from "../helpers/output_writers.ts";

/** Two writers of one terminal, each line marked with where it went. */
function terminal(): { out: OutputWriter; err: OutputWriter; seen: string[] } {
  const seen: string[] = [];
  const writer = (name: string): OutputWriter => ({
    write(bytes) {
      const lines = new TextDecoder().decode(bytes).trimEnd().split("\n");
      seen.push(...lines.map((line) => `${name}: ${line}`));
      return Promise.resolve(bytes.length);
    },
  });
  return { out: writer("out"), err: writer("err"), seen };
}

Deno.test("OutputQueue keeps the order across two writers", async () => {
  const queue = new OutputQueue();
  const { out, err, seen } = terminal();
  queue.push(out, "1\n");
  queue.push(err, "2\n");
  queue.push(out, "3\n");
  queue.push(out, "4\n");
  queue.push(err, "5\n");
  assert.equal(await queue.flush(), true);
  assert.deepEqual(seen, ["out: 1", "err: 2", "out: 3", "out: 4", "err: 5"]);
});

Deno.test("OutputQueue keeps any order across two writers, also of what is pushed meanwhile", async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(fc.array(fc.boolean(), { maxLength: 8 }), { maxLength: 8 }),
    async (bursts) => {
      const queue = new OutputQueue();
      const { out, err, seen } = terminal();
      const expected: string[] = [];
      for (const burst of bursts) {
        for (const toOut of burst) {
          const text = String(expected.length);
          expected.push(`${toOut ? "out" : "err"}: ${text}`);
          queue.push(toOut ? out : err, `${text}\n`);
        }
        await Promise.resolve();
      }
      await queue.flush();
      assert.deepEqual(seen, expected);
    },
  ));
});

Deno.test("OutputQueue.push() never waits for the reader", async () => {
  const queue = new OutputQueue();
  const writer = new BlockedWriter();
  for (let i = 0; i < 1000; i++) assert.equal(queue.push(writer, `${i}\n`), true);
  assert.equal(writer.text, "");
  writer.open();
  await queue.flush();
  assert.deepEqual(writer.lines(), Array.from({ length: 1000 }, (_, i) => String(i)));
});

Deno.test("OutputQueue joins what waits for the same writer into one write", async () => {
  const queue = new OutputQueue();
  const writer = new MemoryWriter();
  for (let i = 0; i < 100; i++) queue.push(writer, `${i}\n`);
  await queue.flush();
  assert.equal(writer.lines().length, 100);
  assert.ok(writer.writes <= 2, `${writer.writes} writes`);
});

Deno.test("OutputQueue writes on when a writer takes only a part", async () => {
  const queue = new OutputQueue();
  const writer = new MemoryWriter({ chunkBytes: 3 });
  queue.push(writer, "caf\u00e9 \u{1f41d} and more\n");
  await queue.flush();
  assert.equal(writer.text, "caf\u00e9 \u{1f41d} and more\n");
});

Deno.test("OutputQueue.push() drops above the limit and tells who pushes", async () => {
  const queue = new OutputQueue({ maxCharacters: 10 });
  const writer = new BlockedWriter();
  assert.equal(queue.push(writer, "12345678\n"), true);
  assert.equal(queue.push(writer, "too much\n"), false);
  assert.equal(queue.push(writer, "\n"), true);
  writer.open();
  await queue.flush();
  assert.equal(
    writer.text,
    "12345678\nrbee: 1 lines were dropped here: nobody read this output\n\n",
  );
});

Deno.test("OutputQueue says what was dropped as soon as there is room, without another push", async () => {
  const queue = new OutputQueue({ maxCharacters: 10 });
  const writer = new BlockedWriter();
  queue.push(writer, "12345678\n");
  for (let i = 0; i < 3; i++) queue.push(writer, "too much\n");
  writer.open();
  await queue.flush();
  assert.deepEqual(writer.lines(), [
    "12345678",
    "rbee: 3 lines were dropped here: nobody read this output",
  ]);
  assert.equal(queue.push(writer, "again\n"), true);
  await queue.flush();
  assert.equal(writer.lines().at(-1), "again");
});

Deno.test("OutputQueue says what was dropped on the writer that lost it", async () => {
  const queue = new OutputQueue({ maxCharacters: 10 });
  const [out, err] = [new BlockedWriter(), new BlockedWriter()];
  queue.push(out, "12345678\n");
  queue.push(err, "too much\n");
  queue.push(out, "\n");
  out.open();
  err.open();
  await queue.flush();
  assert.deepEqual(out.lines(), ["12345678", ""]);
  assert.deepEqual(err.lines(), ["rbee: 1 lines were dropped here: nobody read this output"]);
});

Deno.test("OutputQueue takes a text larger than its limit when nothing waits", async () => {
  const queue = new OutputQueue({ maxCharacters: 10 });
  const writer = new MemoryWriter();
  assert.equal(queue.push(writer, "x".repeat(11) + "\n"), true);
  assert.equal(queue.push(writer, "\n"), false);
  await queue.flush();
  assert.deepEqual(writer.lines(), [
    "x".repeat(11),
    "rbee: 1 lines were dropped here: nobody read this output",
  ]);
});

Deno.test("OutputQueue takes as much again once it was written", async () => {
  const queue = new OutputQueue({ maxCharacters: 10 });
  const writer = new MemoryWriter();
  for (let i = 0; i < 20; i++) {
    assert.equal(queue.push(writer, "123456789\n"), true);
    await queue.flush();
  }
  assert.equal(writer.lines().length, 20);
});

Deno.test("OutputQueue goes on with the other writer when one breaks, and tries it no more", async () => {
  const queue = new OutputQueue();
  const good = new MemoryWriter();
  let tries = 0;
  const broken: OutputWriter = {
    write() {
      tries++;
      return Promise.reject(new Deno.errors.BrokenPipe("Broken pipe"));
    },
  };
  queue.push(broken, "a\n");
  queue.push(good, "b\n");
  queue.push(broken, "c\n");
  assert.equal(await queue.flush(), true);
  queue.push(broken, "d\n");
  queue.push(good, "e\n");
  assert.equal(await queue.flush(), true);
  assert.equal(tries, 1);
  assert.deepEqual(good.lines(), ["b", "e"]);
});

Deno.test("OutputQueue frees the room of what a broken writer was to get", async () => {
  const queue = new OutputQueue({ maxCharacters: 10 });
  const broken: OutputWriter = { write: () => Promise.reject(new Error("gone")) };
  for (let i = 0; i < 10; i++) {
    assert.equal(queue.push(broken, "123456789\n"), true);
    await queue.flush();
  }
});

Deno.test("OutputQueue.flush() of an empty queue is done", async () => {
  assert.equal(await new OutputQueue().flush(), true);
  assert.equal(await new OutputQueue().flush({ timeoutMs: 0 }), true);
});

Deno.test("OutputQueue.flush() gives up after its time while a reader is blocked", async () => {
  const queue = new OutputQueue();
  const writer = new BlockedWriter();
  queue.push(writer, "held\n");
  assert.equal(await queue.flush({ timeoutMs: 1 }), false);
  writer.open();
  assert.equal(await queue.flush({ timeoutMs: 3_600_000 }), true);
  assert.equal(writer.text, "held\n");
});

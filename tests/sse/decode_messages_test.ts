import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeMessages, MAX_EVENT_CHARACTERS } from "../../src/sse/decode_messages.ts";
import { bodyOf, bytesOf, cutAt } from "../helpers/bytes.ts";

async function decode(chunks: readonly Uint8Array[]): Promise<(string | undefined)[][]> {
  const messages = await Array.fromAsync(decodeMessages(bodyOf(chunks).body));
  return messages.map(({ event, data }) => [event, data]);
}

Deno.test("decodeMessages() gives type and text of each event in order", async () => {
  const text = "id: 1\nevent: a\ndata: one\n\ndata: two\n\nevent: c\ndata: three\n\n";
  assert.deepEqual(await decode([bytesOf(text)]), [
    ["a", "one"],
    [undefined, "two"],
    ["c", "three"],
  ]);
});

Deno.test("decodeMessages() joins the lines of one event", async () => {
  assert.deepEqual(await decode([bytesOf("data: one\ndata:two\ndata\n\n")]), [
    [undefined, "one\ntwo\n"],
  ]);
});

Deno.test("decodeMessages() passes over comments, retry, and events without data", async () => {
  const text = "retry: 1000\n\n: keepalive\n\nevent: empty\n\nevent: a\n: within\ndata: x\n\n";
  assert.deepEqual(await decode([bytesOf(text)]), [["a", "x"]]);
});

Deno.test("decodeMessages() reads every kind of line end, also cut between its halves", async () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    const bytes = bytesOf(["event: a", "data: x", "", "event: b", "data: y", "", ""].join(end));
    for (let at = 0; at <= bytes.length; at++) {
      const got = await decode(cutAt(bytes, [at]));
      assert.deepEqual(got, [["a", "x"], ["b", "y"]], `${JSON.stringify(end)}, cut at ${at}`);
    }
  }
});

Deno.test("decodeMessages() keeps characters whole that the network has cut", async () => {
  const bytes = bytesOf("event: a\ndata: b\u00e9e \u{1f41d}\n\n");
  for (let at = 0; at <= bytes.length; at++) {
    assert.deepEqual(await decode(cutAt(bytes, [at])), [["a", "b\u00e9e \u{1f41d}"]]);
  }
});

Deno.test("decodeMessages() gives any texts back however the network cut them", async () => {
  const line = fc.string({ unit: "grapheme" }).map((text) => text.replace(/[\r\n]/g, " "));
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 6 }),
      fc.array(fc.nat(500), { maxLength: 8 }),
      async (texts, places) => {
        const bytes = bytesOf(texts.map((text) => `event: t\ndata: ${text}\n\n`).join(""));
        assert.deepEqual(await decode(cutAt(bytes, places)), texts.map((text) => ["t", text]));
      },
    ),
    { numRuns: 200 },
  );
});

Deno.test("decodeMessages() keeps a byte order mark that the network has put at the begin of a chunk", async () => {
  const chunks = ["\ufeffdata: a", "\ufeffb\n\n"].map((text) => new TextEncoder().encode(text));
  const messages = await Array.fromAsync(decodeMessages(ReadableStream.from(chunks)));
  assert.deepEqual(messages.map(({ data }) => data), ["a\ufeffb"], "the first is none of the text");
});

Deno.test("decodeMessages() does not give an event whose end never came", async () => {
  assert.deepEqual(await decode([bytesOf("data: one\n\ndata: two\n")]), [[undefined, "one"]]);
  assert.deepEqual(await decode([]), []);
});

Deno.test("decodeMessages() gives each event as soon as its end is there", async () => {
  const stream = new TransformStream<Uint8Array, Uint8Array>();
  const writer = stream.writable.getWriter();
  const messages = decodeMessages(stream.readable);
  for (const text of ["one", "two"]) {
    const written = writer.write(bytesOf(`data: ${text}\n\n`));
    assert.equal((await messages.next()).value?.data, text);
    await written;
  }
  await messages.return();
});

Deno.test("decodeMessages() throws bad_event for an event that is too long, and cancels the body", async () => {
  const chunk = bytesOf("x".repeat(1024 * 1024));
  const count = MAX_EVENT_CHARACTERS / chunk.length + 1;
  const endless = bodyOf([
    bytesOf("data: one\n\ndata: "),
    ...Array.from({ length: 2 * count }, () => chunk),
  ]);
  const got: string[] = [];
  await assert.rejects(async () => {
    for await (const { data } of decodeMessages(endless.body)) got.push(data);
  }, { name: "RbeeError", code: "bad_event", message: /too long/ });
  assert.deepEqual(got, ["one"]);
  assert.equal(endless.cancelled(), true);
});

Deno.test("decodeMessages() cancels the body when the caller stops early", async () => {
  const { body, cancelled } = bodyOf(["1", "2", "3"].map((n) => bytesOf(`data: ${n}\n\n`)));
  for await (const { data } of decodeMessages(body)) {
    if (data === "2") break;
  }
  assert.equal(cancelled(), true);
});

Deno.test("decodeMessages() fails as the body fails, after the events before", async () => {
  const lost = new Error("connection lost");
  let pulls = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (pulls++ === 0) controller.enqueue(bytesOf("data: one\n\n"));
      else controller.error(lost);
    },
  });
  const got: string[] = [];
  await assert.rejects(async () => {
    for await (const { data } of decodeMessages(body)) got.push(data);
  }, lost);
  assert.deepEqual(got, ["one"]);
});

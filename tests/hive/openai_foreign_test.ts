import assert from "node:assert/strict";
import { bytesOf } from "../helpers/bytes.ts";
import { EngineAnswer, SECRET } from "../helpers/engine_answer.ts";
import {
  chatChunk,
  DONE,
  eventStream,
  serveForeign,
  usageChunk,
} from "../helpers/foreign_server.ts";

/** What inferOverOpenAi() makes of servers that stretch the API, or do not speak it. */

Deno.test("inferOverOpenAi() joins what the network has split, also within a character", async () => {
  const text = `b\u00e9\u{1f41d} [DONE]`;
  const bytes = [...bytesOf(chatChunk(text) + usageChunk(1, 1) + DONE)];
  await using server = serveForeign(() =>
    eventStream(...bytes.map((byte) => new Uint8Array([byte])))
  );
  const answer = new EngineAnswer(server.engine);
  assert.deepEqual(await answer.pieces(), [text]);
});

for (const reason of ["tool_calls", "content_filter", "eos", null]) {
  Deno.test(`inferOverOpenAi() takes the reason ${reason} for stop, and says what it was`, async () => {
    await using server = serveForeign(() =>
      eventStream(chatChunk("a"), chatChunk(null, reason), DONE)
    );
    const answer = new EngineAnswer(server.engine);
    const end = await answer.end();
    assert.equal(end.type === "done" && end.finish_reason, "stop");
    const said = reason === null ? "without a reason" : `with "${reason}"`;
    assert.deepEqual(await answer.said("finish_reason"), [
      `The engine "odd" ended its answer ${said}, which counts as "stop"`,
    ]);
  });
}

Deno.test("inferOverOpenAi() does not repeat a reason that is no name", async () => {
  await using server = serveForeign(() => eventStream(chatChunk("a", `because ${SECRET}`), DONE));
  const answer = new EngineAnswer(server.engine);
  assert.match((await answer.said("finish_reason"))[0]!, /with a reason of its own, which/);
});

for (const reason of ["abort", "error"]) {
  Deno.test(`inferOverOpenAi() takes an answer that ended with ${reason} for no whole one`, async () => {
    await using server = serveForeign(() =>
      eventStream(chatChunk("a"), chatChunk("", reason), usageChunk(1, 1), DONE)
    );
    const answer = new EngineAnswer(server.engine);
    await answer.failed("engine_failed", /^The engine "odd" ended its answer in the middle; /);
    assert.deepEqual(await answer.pieces(), ["a"]);
  });
}

Deno.test("inferOverOpenAi() takes the last of several counts, and the last reason", async () => {
  await using server = serveForeign(() =>
    eventStream(
      usageChunk(3, 1),
      chatChunk("a", "length"),
      usageChunk(3, 2),
      chatChunk("b", "stop"),
    )
  );
  const end = await new EngineAnswer(server.engine).end();
  assert.ok(end.type === "done");
  assert.deepEqual(end.usage, { prompt_tokens: 3, completion_tokens: 2 });
  assert.equal(end.finish_reason, "stop");
});

Deno.test("inferOverOpenAi() comes to a whole answer that holds nothing", async () => {
  await using server = serveForeign(() => eventStream(chatChunk(null, "stop"), DONE));
  const answer = new EngineAnswer(server.engine);
  const end = await answer.end();
  assert.deepEqual(end.type === "done" && end.usage, { prompt_tokens: 0, completion_tokens: 0 });
  assert.deepEqual(await answer.pieces(), []);
});

Deno.test("inferOverOpenAi() fails when the body ends before the answer does", async () => {
  await using server = serveForeign(() => eventStream(chatChunk("a"), chatChunk("b")));
  const answer = new EngineAnswer(server.engine);
  await answer.failed("engine_failed", /^The engine "odd" ended its answer in the middle; /);
  assert.deepEqual(await answer.pieces(), ["a", "b"]);
});

Deno.test("inferOverOpenAi() fails with what the engine says in the stream, but not with the prompt", async () => {
  const error = (message: string) =>
    `data: ${JSON.stringify({ error: { message, code: 500 } })}\n\n`;
  for (
    const [message, shown] of [
      ["CUDA out of memory", /in the middle of its answer: CUDA out of memory$/],
      [`cannot parse "Say ${SECRET}"`, /: its reason repeats what was asked or answered, /],
      [
        "cannot parse: the answer is forty two",
        /: its reason repeats what was asked or answered, /,
      ],
    ] as const
  ) {
    await using server = serveForeign(() =>
      eventStream(chatChunk("the answer is"), chatChunk(" forty two"), error(message), DONE)
    );
    await new EngineAnswer(server.engine).failed("engine_failed", shown);
  }
});

Deno.test("inferOverOpenAi() fails with the reason of an HTTP error", async () => {
  await using server = serveForeign(() =>
    Response.json({ error: { message: "no such adapter", code: 404 } }, { status: 404 })
  );
  const answer = new EngineAnswer(server.engine);
  await answer.failed("invalid_request", /^The engine "odd" refused the request \(404\): no such/);
});

Deno.test("inferOverOpenAi() reads no more than 64 KiB of an error", async () => {
  let pulled = 0;
  let cancelled = false;
  await using server = serveForeign(() =>
    new Response(
      new ReadableStream({
        pull(controller) {
          pulled++;
          controller.enqueue(bytesOf("x".repeat(64 * 1024)));
        },
        cancel() {
          cancelled = true;
        },
      }),
      { status: 500 },
    )
  );
  const answer = new EngineAnswer(server.engine);
  await answer.failed("engine_failed", /answered 500 with no type, not with .*: x+ \[cut: /);
  assert.ok(pulled < 1000);
  await server[Symbol.asyncDispose]();
  assert.ok(cancelled);
});

for (
  const [what, respond, message] of [
    [
      "JSON",
      () => Response.json({ choices: [{ text: SECRET }] }),
      /200 with application\/json, not/,
    ],
    [
      "a page",
      () => new Response(`<html>${SECRET}`, HTML),
      /200 with text\/html, not with an event/,
    ],
    ["nothing", () => new Response(null, { status: 204 }), /204 with no type, not with an event/],
    ["another address", () => Response.redirect("http://127.0.0.1:1/", 307), /answered 307 with/],
    ["an error as JSON", () => Response.json({ error: "no slot" }), /failed \(200\): no slot$/],
  ] as const
) {
  Deno.test(`inferOverOpenAi() fails when it is answered with ${what}`, async () => {
    await using server = serveForeign(respond);
    await new EngineAnswer(server.engine).failed("engine_failed", message);
  });
}
const HTML = { headers: { "Content-Type": "text/html" } };

Deno.test("inferOverOpenAi() fails at a chunk that does not end, and closes the connection", async () => {
  const cancelled = Promise.withResolvers<void>();
  await using server = serveForeign(() => {
    const part = bytesOf("x".repeat(1024 * 1024));
    let first = true;
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller) {
        controller.enqueue(first ? bytesOf("data: ") : part);
        first = false;
      },
      cancel: () => cancelled.resolve(),
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  });
  await new EngineAnswer(server.engine).failed(
    "engine_failed",
    /sent a chunk of more than 16777216/,
  );
  await cancelled.promise;
});

Deno.test("inferOverOpenAi() closes the connection after [DONE], whatever else the engine sends", async () => {
  const cancelled = Promise.withResolvers<void>();
  await using server = serveForeign(() => {
    let first = true;
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller) {
        controller.enqueue(bytesOf(first ? chatChunk("a", "stop") + DONE : chatChunk("b")));
        first = false;
      },
      cancel: () => cancelled.resolve(),
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  });
  const answer = new EngineAnswer(server.engine);
  assert.deepEqual(await answer.pieces(), ["a"]);
  await cancelled.promise;
});

Deno.test("inferOverOpenAi() asks for a stream, and for a connection of its own", async () => {
  let asked: Headers | undefined;
  await using server = serveForeign((request) => {
    asked = request.headers;
    return eventStream(DONE);
  });
  await new EngineAnswer(server.engine).end();
  assert.equal(asked!.get("accept"), "text/event-stream");
  assert.equal(asked!.get("content-type"), "application/json");
  assert.equal(asked!.get("connection"), "close");
});

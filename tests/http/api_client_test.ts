import assert from "node:assert/strict";
import { z } from "zod";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { requestJson, unreachable } from "../../src/http/api_client.ts";
import { errorBody } from "../../src/http/errors.ts";
import { listen, type Listener } from "../../src/http/listen.ts";

const schema = z.object({ n: z.number() });

async function withServer(
  handler: (request: Request) => Response | Promise<Response>,
  body: (url: string, listener: Listener) => Promise<void>,
): Promise<void> {
  const listener = listen({ host: "127.0.0.1", port: 0, handler });
  try {
    await body(`${listener.url}/v1/x`, listener);
  } finally {
    await listener.close({ drainMs: 1 });
  }
}

Deno.test("requestJson() sends JSON and reads the answer that fits", async () => {
  await withServer(
    async (request) => {
      assert.equal(request.method, "POST");
      assert.equal(request.headers.get("content-type"), "application/json");
      assert.equal(request.headers.get("x-extra"), "1");
      return Response.json({ n: (await request.json()).n + 1, more: true });
    },
    async (url) => {
      const answer = await requestJson(url, {
        method: "POST",
        body: { n: 1 },
        headers: { "X-Extra": "1" },
        schema,
      });
      assert.deepEqual(answer, { n: 2 });
    },
  );
});

Deno.test("requestJson() without a body is a GET without a type", async () => {
  await withServer(
    (request) => {
      assert.equal(request.method, "GET");
      assert.equal(request.headers.get("content-type"), null);
      return Response.json({ n: 1 });
    },
    async (url) => void await requestJson(url, { schema }),
  );
});

Deno.test("requestJson() throws the error that the role answered with", async () => {
  const error = new RbeeError("model_not_found", "No such model", { details: { model: "m" } });
  await withServer(
    () => Response.json(errorBody(error), { status: 404 }),
    (url) =>
      assert.rejects(requestJson(url, { schema }), {
        name: "RbeeError",
        code: "model_not_found",
        message: "No such model",
        details: { model: "m" },
      }),
  );
});

for (
  const [what, answer] of [
    ["200 HTML", () => new Response("<html></html>", { headers: { "Content-Type": "text/html" } })],
    ["200 JSON of another kind", () => Response.json({ status: "ok" })],
    ["200 without a body", () => new Response(null)],
    ["500 HTML", () => new Response("<html></html>", { status: 500 })],
  ] as const
) {
  Deno.test(`requestJson() takes ${what} for no answer of rbee's`, async () => {
    await withServer(
      answer,
      (url) =>
        assert.rejects(requestJson(url, { schema }), (error: RbeeError) => {
          assert.equal(error.code, "bad_answer");
          assert.ok(error.message.startsWith(url), error.message);
          return true;
        }),
    );
  });
}

Deno.test("requestJson() says that nobody listens there", async () => {
  const listener = listen({ host: "127.0.0.1", port: 0, handler: () => new Response() });
  await listener.close();
  await assert.rejects(requestJson(`${listener.url}/v1/x`, { schema }), {
    code: "unreachable",
    message: `Cannot reach ${listener.url}: connection refused`,
  });
});

Deno.test("requestJson() gives up after its time", async () => {
  const never = Promise.withResolvers<Response>();
  await withServer(() => never.promise, async (url, listener) => {
    await assert.rejects(requestJson(url, { schema, timeoutMs: 20 }), {
      code: "unreachable",
      message: `Cannot reach ${listener.url}: no answer in time`,
    });
    never.resolve(new Response());
  });
});

Deno.test("requestJson() throws the reason of its signal", async () => {
  const begun = Promise.withResolvers<void>();
  const never = Promise.withResolvers<Response>();
  const abort = new AbortController();
  await withServer(() => {
    begun.resolve();
    return never.promise;
  }, async (url) => {
    const asking = requestJson(url, { schema, signal: abort.signal });
    await begun.promise;
    const reason = new Error("the person has gone");
    abort.abort(reason);
    await assert.rejects(asking, (error) => error === reason);
    never.resolve(new Response());
  });
});

for (
  const [text, why] of [
    ["tcp connect error: Connection refused (os error 111)", "connection refused"],
    ["Signal timed out.", "no answer in time"],
    ["connection reset by peer", "the connection was cut"],
    ["error reading a body from connection: unexpected EOF, incomplete", "the connection was cut"],
    ["dns error: no such host", "dns error: no such host"],
  ] as const
) {
  Deno.test(`unreachable() says "${why}" for "${text}"`, () => {
    const error = unreachable("http://127.0.0.1:7833/v1/jobs?x=1", new TypeError(text));
    assert.equal(error.code, "unreachable");
    assert.equal(error.message, `Cannot reach http://127.0.0.1:7833: ${why}`);
  });
}

Deno.test("requestJson() follows nobody elsewhere, and reads no more than it is to", async () => {
  let asked = 0;
  await withServer(() => {
    asked++;
    return Response.json({ n: 1 });
  }, async (elsewhere) => {
    for (const status of [301, 302, 307, 308]) {
      await withServer(
        () => new Response(null, { status, headers: { Location: elsewhere } }),
        async (url) => {
          await assert.rejects(requestJson(url, { method: "POST", body: { n: 1 }, schema }), {
            code: "bad_answer",
            message: new RegExp(`answered ${status}, and not as rbee does`),
          });
        },
      );
    }
    assert.equal(asked, 0);
    await assert.rejects(requestJson(elsewhere, { schema, maxBytes: 4 }), { code: "bad_answer" });
    assert.deepEqual(await requestJson(elsewhere, { schema }), { n: 1 });
  });
});

import assert from "node:assert/strict";
import { z } from "zod";
import { requestJson } from "../../src/http/api_client.ts";
import { authorizationFor, useToken } from "../../src/http/bearer_tokens.ts";
import { EventConnection } from "../../src/http/event_connection.ts";
import { passOn } from "../../src/http/pass_on.ts";

/** A server that answers with the header by which it was asked. */
class Mirror implements AsyncDisposable {
  readonly asked: (string | null)[] = [];
  readonly #server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const shown = request.headers.get("authorization");
    this.asked.push(shown);
    if (request.headers.get("accept") !== "text/event-stream") return Response.json({ shown });
    return new Response("event: telemetry\ndata: 1\n\n", {
      headers: { "Content-Type": "text/event-stream" },
    });
  });

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

Deno.test("useToken() has every kind of request show it, to its own origin alone", async () => {
  await using mirror = await Promise.resolve(new Mirror());
  await using other = await Promise.resolve(new Mirror());
  const takeBack = useToken(mirror.url, "secret");
  try {
    const schema = z.object({ shown: z.string().nullable() });
    for (const { url } of [mirror, other]) {
      await requestJson(`${url}/v1/jobs`, { schema });
      const connection = new EventConnection();
      for await (const _ of connection.data(`${url}/v1/stream`, "telemetry", z.number()));
      connection.close();
      const asked = new Request("http://127.0.0.1/", { headers: { Authorization: "Bearer mine" } });
      await (await passOn(asked, `${url}/x`)).body?.cancel();
    }
  } finally {
    takeBack();
  }
  assert.deepEqual(mirror.asked, Array(3).fill("Bearer secret"));
  assert.deepEqual(other.asked, [null, null, null], "who asked has shown its own to us alone");
});

Deno.test("useToken() holds the later of two for one origin", () => {
  const url = "http://127.0.0.1:1/x";
  const [first, second] = [useToken(url, "a"), useToken(url, "b")];
  first();
  assert.deepEqual(authorizationFor(url), { Authorization: "Bearer b" });
  second();
  assert.deepEqual(authorizationFor(url), {});
});

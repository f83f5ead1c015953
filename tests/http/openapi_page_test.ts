import assert from "node:assert/strict";
import { z } from "zod";
import { openApiDocument } from "../../src/http/openapi_document.ts";
import { openApiPage } from "../../src/http/openapi_page.ts";
import type { RouteDescription } from "../../src/http/route_description.ts";

const SEND_BEE: RouteDescription = {
  method: "post",
  path: "/v1/bees",
  tag: "Bees",
  summary: "Send a bee",
  answers: {
    201: {
      description: "It <really> flies",
      headers: [{ name: "X-Bee", description: "Which bee flies", schema: z.string() }],
      content: { "text/plain": "text" },
    },
  },
};

Deno.test("openApiPage() shows of an answer what it is, its headers, and what it is sent as", async () => {
  const page = String(await openApiPage(openApiDocument("hive", [SEND_BEE])));
  const [, answer] = page.match(/<th>201<\/th><td>(.*?)<\/td>/s) ?? [];
  assert.deepEqual(answer?.split("<br>").map((line) => line.replaceAll(/<[^>]+>/g, "")), [
    "It &lt;really&gt; flies",
    "header X-Bee: string. Which bee flies",
    "text/plain: string",
  ]);
});

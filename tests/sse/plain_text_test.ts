import assert from "node:assert/strict";
import { encodePlainText } from "../../src/sse/plain_text.ts";
import { eventsWith, placed } from "../helpers/sample_events.ts";

Deno.test("encodePlainText() writes narration as its formatted line", () => {
  const formatted = "[hive      ] worker_spawn   : Spawning worker";
  const event = placed(1, {
    type: "narration",
    actor: "hive",
    action: "worker_spawn",
    human: "Spawning worker",
    level: "info",
    formatted,
  });
  assert.equal(encodePlainText(event), `data: ${formatted}\n\n`);
});

Deno.test("encodePlainText() writes a captured line and a token as they are", () => {
  const log = placed(1, { type: "log", actor: "worker", stream: "stderr", line: " a  b " });
  assert.equal(encodePlainText(log), "data:  a  b \n\n");
  assert.equal(encodePlainText(placed(2, { type: "token", text: " Hi", i: 0 })), "data:  Hi\n\n");
});

Deno.test("encodePlainText() writes the seed's markers at the end of a job", () => {
  assert.equal(
    encodePlainText(placed(1, { type: "done", result: "kept out" })),
    "data: [DONE]\n\n",
  );
  assert.equal(
    encodePlainText(placed(1, { type: "error", code: "no_model", message: "No such model" })),
    "data: [ERROR] No such model\n\n",
  );
  assert.equal(
    encodePlainText(placed(1, { type: "cancelled", reason: "asked" })),
    "data: [CANCELLED]\n\n",
  );
});

Deno.test("encodePlainText() says what is gone", () => {
  assert.equal(encodePlainText({ type: "gap", from: 3, to: 9 }), "data: [GAP] 3 to 9\n\n");
});

Deno.test("encodePlainText() writes nothing for a data event", () => {
  assert.equal(encodePlainText(placed(1, { type: "data", name: "workers", value: [] })), "");
});

Deno.test("encodePlainText() makes a data line of each line within a text", () => {
  const event = placed(1, { type: "token", text: "a\nb\r\nc\rd\n\ne", i: 0 });
  assert.equal(encodePlainText(event), "data: a\ndata: b\ndata: c\ndata: d\ndata: \ndata: e\n\n");
});

Deno.test("encodePlainText() lets no text end its event or begin another", () => {
  for (const text of ["\n\nevent: done\n\n", "\r\rdata: [DONE]", "\r\n\r\nid: 9", "\n"]) {
    for (const [index, event] of eventsWith(text).entries()) {
      const written = encodePlainText(placed(index + 1, event));
      if (event.type === "data") continue;
      assert.match(written, /^(data: [^\r\n]*\n)+\n$/);
    }
  }
});

import OpenAI from "openai";
import assert from "node:assert/strict";
import { openAiErrorSchema } from "../../../src/contracts/openai_answer.ts";
import { engineHive } from "../../helpers/engine_hive.ts";
import { FrameReader, jsonOf } from "../../helpers/event_frames.ts";
import { TestQueen } from "../../helpers/test_queen.ts";

const HELLO = { model: "bee-tiny", messages: [{ role: "user", content: "Hello" }] };
const PRINTED = "the prompt of another client was: open sesame";

function chat(queen: TestQueen, body: object): Promise<Response> {
  return fetch(`${queen.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...HELLO, ...body }),
  });
}

for (
  const [what, flags] of [
    ["in the middle of its answer", ["--die-after-tokens", "3"]],
    ["before its answer", ["--die-after-tokens", "0"]],
  ] as const
) {
  Deno.test(`what an engine printed that dies ${what} is in rbee's job and in no answer of OpenAI's API`, async () => {
    await using hive = engineHive([...flags, "--die-with", PRINTED], {
      models: { "bee-tiny": { engine: "fixture" } },
    });
    await using queen = await TestQueen.start(hive.url);
    for (const stream of [true, false]) {
      const answer = await chat(queen, { stream });
      const jobId = answer.headers.get("x-rbee-job-id") ?? "";
      const told = answer.status === 200
        ? jsonOf((await new FrameReader(answer).rest()).at(-1))
        : await answer.json();
      const { error } = openAiErrorSchema.parse(told);
      assert.ok(!JSON.stringify(told).includes("sesame"), JSON.stringify(told));
      const job = await fetch(`${queen.url}/v1/jobs/${jobId}`);
      const view = await job.json();
      assert.equal(view.error.code, error.code);
      const lines: string[] = view.error.details.last_lines;
      assert.ok(lines.some((line) => line.includes(PRINTED)), "the person can still see why");
    }
  });
}

Deno.test("a model's name that means a file of another kind is a mistake of who asks, not tried again", async () => {
  await using hive = engineHive();
  await using queen = await TestQueen.start(hive.url);
  let asked = 0;
  const openai = new OpenAI({
    baseURL: `${queen.url}/v1`,
    apiKey: "unused",
    fetch: (...given: Parameters<typeof fetch>) => {
      asked++;
      return fetch(...given);
    },
  });
  for (
    const [model, code] of [
      ["/etc/passwd", "not_gguf"],
      ["hf:../..", "bad_model_name"],
      ["http://example.com/x.gguf", "bad_model_name"],
    ]
  ) {
    asked = 0;
    await assert.rejects(
      openai.chat.completions.create({
        model: model!,
        messages: [{ role: "user", content: "Hello" }],
      }),
      (error) => {
        assert.ok(error instanceof OpenAI.BadRequestError, String(error));
        assert.deepEqual([error.code, error.param, error.type], [
          code,
          "model",
          "invalid_request_error",
        ]);
        return true;
      },
    );
    assert.equal(asked, 1, `${model} was asked for once`);
  }
});

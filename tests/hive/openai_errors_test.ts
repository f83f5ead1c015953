import assert from "node:assert/strict";
import type { RbeeError } from "../../src/base/rbee_error.ts";
import { type InferInput, inferSchema } from "../../src/contracts/operation.ts";
import { isError, OpenAiErrors } from "../../src/hive/openai_errors.ts";

const PROMPT = "My very private diary says that I met a badger yesterday";
const HIDDEN = "its reason repeats what was asked or answered, and is not shown";

function errors(fields: Partial<InferInput> = { prompt: PROMPT }): OpenAiErrors {
  const request = inferSchema.parse({ operation: "infer", model: "m", ...fields });
  return new OpenAiErrors({ name: "odd", baseUrl: "http://127.0.0.1:1" }, request);
}

function refusal(status: number, error: unknown): RbeeError {
  return errors().answered(status, "application/json", JSON.stringify(error));
}

for (
  const [status, code, sentence] of [
    [400, "invalid_request", 'The engine "odd" refused the request (400): No.'],
    [401, "invalid_request", 'The engine "odd" refused the request (401): No.'],
    [404, "invalid_request", 'The engine "odd" refused the request (404): No.'],
    [422, "invalid_request", 'The engine "odd" refused the request (422): No.'],
    [
      429,
      "engine_busy",
      'The engine "odd" takes no more requests now (429); try again in a moment: No.',
    ],
    [
      503,
      "engine_busy",
      'The engine "odd" takes no more requests now (503); try again in a moment: No.',
    ],
    [500, "engine_failed", 'The engine "odd" failed (500): No.'],
    [501, "engine_failed", 'The engine "odd" failed (501): No.'],
    [302, "engine_failed", 'The engine "odd" failed (302): No.'],
    [200, "engine_failed", 'The engine "odd" failed (200): No.'],
  ] as const
) {
  Deno.test(`OpenAiErrors.answered() makes ${code} of ${status}`, () => {
    const error = refusal(status, { error: { message: "No.", code: status, type: "x" } });
    assert.equal(error.code, code);
    assert.equal(error.message, sentence);
  });
}

for (
  const [who, status, body] of [
    ["llama-server", 400, {
      error: {
        code: 400,
        message: "request (9 tokens) exceeds the available context size (8 tokens)",
        type: "exceed_context_size_error",
      },
    }],
    ["an earlier llama-server", 500, {
      error: { code: 500, message: "too long", type: "exceed_context_size_error" },
    }],
    ["vLLM", 400, {
      error: {
        message: "This model's maximum context length is 8 tokens. However, you requested 9",
        type: "BadRequestError",
        code: 400,
      },
    }],
    ["an earlier vLLM", 400, {
      object: "error",
      message: "This model's maximum context length is 8 tokens.",
      type: "BadRequestError",
      param: null,
      code: 400,
    }],
    ["OpenAI", 400, { error: { message: "too long", code: "context_length_exceeded" } }],
    ["SGLang", 400, {
      object: "error",
      message: "The input (9 tokens) is longer than the model's context length (8 tokens).",
    }],
  ] as const
) {
  Deno.test(`OpenAiErrors.answered() knows when the context is exceeded from ${who}`, () => {
    const error = refusal(status, body);
    assert.equal(error.code, "context_length_exceeded");
    assert.match(
      error.message,
      /^The request does not fit the context of the engine "odd"; shorten it, or give the engine a larger one: /,
    );
  });
}

for (
  const [what, body, reason] of [
    ["a mere sentence", { error: "No." }, "No."],
    ["FastAPI's detail", { detail: "Not Found" }, "Not Found"],
    ["a sentence beside nothing", { message: "No." }, "No."],
    ["no sentence", { error: {} }, "it gave no reason; its output may say more"],
    ["a strange sentence", { error: { message: 7 } }, "it gave no reason; its output may say more"],
    ["a list", [1], "it gave no reason; its output may say more"],
    [
      "FastAPI's list of mistakes",
      { detail: [{ msg: "x", input: PROMPT }] },
      "it gave no reason; its output may say more",
    ],
  ] as const
) {
  Deno.test(`OpenAiErrors.answered() finds the reason in ${what}`, () => {
    assert.equal(
      refusal(400, body).message,
      `The engine "odd" refused the request (400): ${reason}`,
    );
  });
}

Deno.test("OpenAiErrors.answered() cuts a reason to 300 characters of one line", () => {
  const { message } = refusal(500, { error: { message: "\u001b[31ma\r\nb" + "c".repeat(9999) } });
  assert.match(message, /^The engine "odd" failed \(500\): \[31ma b.*\[cut: \d+ characters\]$/);
  assert.equal(message.length, 'The engine "odd" failed (500): '.length + 300);
});

Deno.test("OpenAiErrors.answered() says what came in the place of JSON", () => {
  const plain = errors().answered(500, "text/plain", "Internal Server Error\n");
  assert.equal(plain.code, "engine_failed");
  assert.equal(
    plain.message,
    'The engine "odd" answered 500 with text/plain, not with an error as OpenAI\'s API has it; ' +
      "check that it speaks OpenAI's API: Internal Server Error",
  );
  const nothing = errors().answered(404, "", "");
  assert.equal(nothing.code, "invalid_request");
  assert.match(nothing.message, /answered 404 with no type, not with .*: it gave no reason/);
});

Deno.test("OpenAiErrors.answered() repeats nothing of an answer that is no stream", () => {
  for (
    const body of ["An answer as text", '{"choices":[{"message":{"content":"An answer as JSON"}}]}']
  ) {
    const error = errors().answered(200, "application/json", body);
    assert.equal(error.code, "engine_failed");
    assert.equal(
      error.message,
      'The engine "odd" answered 200 with application/json, not with an event stream; check that ' +
        "it speaks OpenAI's API",
    );
  }
});

Deno.test("OpenAiErrors leaves out a reason that repeats the prompt, a message or a stop string", () => {
  const repeated = `Failed to parse: "${PROMPT.slice(5, 40)}`;
  for (
    const fields of [
      { prompt: PROMPT },
      {
        messages: [
          { role: "system" as const, content: "Be brief" },
          { role: "user" as const, content: PROMPT },
        ],
      },
      { prompt: "Hello", stop: [PROMPT] },
    ]
  ) {
    const text = errors(fields).answered(400, "text/plain", repeated).message;
    assert.ok(text.endsWith(`: ${HIDDEN}`), text);
    const json = errors(fields).said({ error: { message: repeated } }).message;
    assert.equal(json, `The engine "odd" failed in the middle of its answer: ${HIDDEN}`);
  }
});

Deno.test("OpenAiErrors leaves out a reason that repeats the answer", () => {
  const made = errors();
  const reason = "Failed to parse input at pos 3: lazy dog and the quick brown fox";
  assert.match(made.said({ error: reason }).message, /quick brown fox/);
  for (const piece of ["The la", "zy dog", " and the q", "uick bro", "wn fox"]) made.heard(piece);
  assert.ok(made.said({ error: reason }).message.endsWith(HIDDEN));
  assert.match(made.said({ error: "CUDA out of memory" }).message, /: CUDA out of memory$/);
});

Deno.test("OpenAiErrors shows no reason after an answer that is too long to be compared", () => {
  const made = errors();
  for (let i = 0; i < 5; i++) made.heard("x".repeat(64 * 1024));
  made.heard("y");
  assert.ok(made.said({ error: "CUDA out of memory" }).message.endsWith(HIDDEN));
});

Deno.test("OpenAiErrors knows an exceeded context also from a reason that is not shown", () => {
  const error = errors().said({ error: `maximum context length exceeded by ${PROMPT}` });
  assert.equal(error.code, "context_length_exceeded");
  assert.ok(error.message.endsWith(HIDDEN));
});

Deno.test("OpenAiErrors.said() always comes to a sentence", () => {
  for (const value of [null, 7, "text", [], {}, { error: {} }, { error: [] }, { error: true }]) {
    assert.equal(
      errors().said(value).message,
      'The engine "odd" failed in the middle of its answer: it gave no reason; its output may say more',
    );
  }
});

Deno.test("isError() tells errors from chunks", () => {
  for (const value of [{ error: {} }, { error: "x" }, { object: "error" }]) {
    assert.equal(isError(value), true);
  }
  for (const value of [null, 7, "error", [], {}, { error: null }, { error: undefined }]) {
    assert.equal(isError(value), false);
  }
});

import type { OpenAiEngine } from "../../src/hive/engine_request.ts";
import { listen } from "../../src/http/listen.ts";
import { bytesOf } from "./bytes.ts";

/** A server of this process that answers every request as a test wants. */
export interface ForeignServer extends AsyncDisposable {
  engine: OpenAiEngine;
}

/** Answers every request with `respond`. */
export function serveForeign(
  respond: (request: Request) => Response | Promise<Response>,
): ForeignServer {
  const listener = listen({ host: "127.0.0.1", port: 0, handler: respond });
  return {
    engine: { baseUrl: listener.url, model: "m", name: "odd" },
    [Symbol.asyncDispose]: () => listener.close({ drainMs: 1 }),
  };
}

/** An event stream of `texts`, each a chunk of the network; it then ends. */
export function eventStream(...texts: (string | Uint8Array)[]): Response {
  const left = texts.map((text) => typeof text === "string" ? bytesOf(text) : text);
  const body = new ReadableStream({
    pull(controller) {
      const chunk = left.shift();
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
  });
  return new Response(body, { headers: { "Content-Type": "text/event-stream; charset=utf-8" } });
}

/** A chunk of a chat completion as OpenAI writes it. */
export function chatChunk(content: string | null, finishReason: string | null = null): string {
  const choices = [{ index: 0, delta: { content }, finish_reason: finishReason }];
  return `data: ${JSON.stringify({ object: "chat.completion.chunk", choices })}\n\n`;
}

/** The chunk that counts the tokens. */
export function usageChunk(prompt_tokens: number, completion_tokens: number): string {
  const usage = { prompt_tokens, completion_tokens, total_tokens: 0 };
  return `data: ${JSON.stringify({ choices: [], usage })}\n\n`;
}

export const DONE = "data: [DONE]\n\n";

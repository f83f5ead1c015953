import { createParser } from "eventsource-parser";

/** Where a chat completion is asked for. */
export interface ChatTarget {
  /** What the way is called in a table. */
  name: string;
  /** The base address of OpenAI's API, with its `/v1`. */
  baseUrl: string;
  headers?: Record<string, string>;
}

interface Chunk {
  choices?: { delta?: { content?: string | null } }[];
  usage?: { completion_tokens: number } | null;
  error?: { message: string };
}

/** A streamed chat completion, read as a client reads it. */
export class AnswerStream {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  readonly #parser = createParser({ onEvent: ({ data }) => this.#take(data) });
  #pieces = 0;
  #read = 0;
  #tokens: number | undefined;
  #isDone = false;

  private constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.getReader();
  }

  /** Asks, and resolves when the answer begins. */
  static async open(target: ChatTarget, body: Record<string, unknown>): Promise<AnswerStream> {
    const answer = await fetch(`${target.baseUrl}/chat/completions`, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...target.headers },
      body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }),
    });
    if (!answer.ok || answer.body === null) {
      throw new Error(`${target.name} answered ${answer.status}: ${await answer.text()}`);
    }
    return new AnswerStream(answer.body);
  }

  /** Resolves true when there is a piece of text that has not been taken yet, false at the end. */
  async piece(): Promise<boolean> {
    while (this.#read === this.#pieces) {
      const { value, done } = await this.#reader.read();
      if (done) return false;
      this.#parser.feed(this.#decoder.decode(value, { stream: true }));
    }
    this.#read++;
    return true;
  }

  /** Reads to the end and gives the number of tokens that the answer says it has. */
  async end(): Promise<number> {
    while (await this.piece());
    if (!this.#isDone) throw new Error("An answer ended in the middle");
    if (this.#tokens === undefined) throw new Error("An answer does not count its tokens");
    return this.#tokens;
  }

  #take(data: string): void {
    if (data === "[DONE]") {
      this.#isDone = true;
      return;
    }
    const { choices, usage, error } = JSON.parse(data) as Chunk;
    if (error) throw new Error(error.message);
    if (choices?.[0]?.delta?.content) this.#pieces++;
    if (usage) this.#tokens = usage.completion_tokens;
  }
}

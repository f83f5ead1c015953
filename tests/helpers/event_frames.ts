import assert from "node:assert/strict";

/** One server-sent event as it was on the wire. */
export interface Frame {
  id: string | undefined;
  event: string | undefined;
  data: string;
}

/** Reads one block of lines; undefined for a comment or a `retry` alone. */
function parseFrame(block: string): Frame | undefined {
  const frame: Frame = { id: undefined, event: undefined, data: "" };
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const [, field = "", value = ""] = /^([^:]*): ?(.*)$/s.exec(line) ?? [];
    if (field === "id") frame.id = value;
    else if (field === "event") frame.event = value;
    else if (field === "data") data.push(value);
    else assert.ok(field === "" || field === "retry", `unexpected line ${JSON.stringify(line)}`);
  }
  if (data.length === 0) return undefined;
  frame.data = data.join("\n");
  return frame;
}

/** Reads a whole stream; every event must be complete. */
export function parseFrames(text: string): Frame[] {
  assert.ok(text === "" || text.endsWith("\n\n"), "the stream ends inside an event");
  return text.split("\n\n").filter((block) => block !== "")
    .map(parseFrame).filter((frame) => frame !== undefined);
}

/** The data of a frame as JSON. */
export function jsonOf(frame: Frame | undefined): Record<string, unknown> {
  assert.ok(frame, "there is no such event");
  return JSON.parse(frame.data);
}

/** Reads an open stream piece by piece. */
export class FrameReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #text = "";

  constructor(response: Response) {
    assert.ok(response.body, "the answer has no body");
    this.#reader = response.body.getReader();
  }

  /** The next block of lines, a comment or `retry` too; undefined at the end. */
  async block(): Promise<string | undefined> {
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end !== -1) {
        const block = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        return block;
      }
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#text += this.#decoder.decode(value, { stream: true });
    }
  }

  /** The next event. */
  async frame(): Promise<Frame> {
    for (;;) {
      const block = await this.block();
      assert.ok(block !== undefined, "the stream ended before the next event");
      const frame = parseFrame(block);
      if (frame !== undefined) return frame;
    }
  }

  /** All events that are left. */
  async rest(): Promise<Frame[]> {
    const frames: Frame[] = [];
    for (;;) {
      const block = await this.block();
      if (block === undefined) return frames;
      const frame = parseFrame(block);
      if (frame !== undefined) frames.push(frame);
    }
  }

  /** Goes away as a client does that closes its connection. */
  cancel(): Promise<void> {
    return this.#reader.cancel();
  }
}

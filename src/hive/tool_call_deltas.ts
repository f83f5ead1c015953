import { z } from "zod";
import { type ToolCall, toolCallSchema } from "../contracts/tool.ts";

/** A part of a call, as a chunk of an engine's answer has it. */
export const callDeltaSchema = z.looseObject({
  index: z.number().int().nonnegative().nullish(),
  id: z.string().nullish(),
  function: z.looseObject({
    name: z.string().nullish(),
    arguments: z.string().nullish(),
  }).nullish(),
});
export type CallDelta = z.infer<typeof callDeltaSchema>;

const MAX_CALLS = 1024;

/** Puts calls together that arrive in parts. */
export class CallDeltas {
  readonly #calls: { id: string; name: string; text: string }[] = [];

  /** Adds a part to the call of its index; without one, to the last, unless it has another id. */
  add({ index, id, function: part }: CallDelta): void {
    const last = this.#calls.length - 1;
    const isNew = last < 0 || (id && this.#calls[last]!.id !== "" && this.#calls[last]!.id !== id);
    const at = Math.min(index ?? (isNew ? last + 1 : last), MAX_CALLS);
    while (this.#calls.length <= at) this.#calls.push({ id: "", name: "", text: "" });
    const call = this.#calls[at]!;
    call.id ||= id ?? "";
    // Some engines repeat the name in each part.
    call.name ||= part?.name ?? "";
    call.text += part?.arguments ?? "";
  }

  /**
   * The calls in order. An id that was not given is made up. Of an answer that was cut, the call that
   * is not whole is left out.
   *
   * @returns undefined If one of them is no call.
   */
  calls(options: { isCut: boolean }): ToolCall[] | undefined {
    const calls = this.#calls
      .filter(({ text }) => !options.isCut || isJson(text))
      .map(({ id, name, text }) => ({
        id: id || `call_${crypto.randomUUID()}`,
        type: "function",
        function: { name, arguments: text || "{}" },
      }));
    return z.array(toolCallSchema).safeParse(calls).data;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

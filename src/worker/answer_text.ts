import type { ToolCall } from "../contracts/tool.ts";
import type { Generation } from "./engine.ts";
import { isForced } from "./answer_grammar.ts";
import { StopFilter } from "./stop_filter.ts";
import { ToolCallFinder } from "./tool_calls.ts";

/**
 * What becomes of the text of one answer: it ends at stop strings, calls are taken out of it, and what
 * is left is passed on as soon as it is known to be text.
 */
export class AnswerText {
  readonly #generation: Generation;
  readonly #stops: StopFilter;
  readonly #finder: ToolCallFinder | undefined;
  readonly #forced: boolean;
  readonly #calls: ToolCall[] = [];

  constructor(generation: Generation) {
    const { tools, toolChoice, stop } = generation;
    this.#generation = generation;
    this.#forced = isForced(generation);
    // A call that is forced holds what it holds; cut at a stop string it would be none.
    this.#stops = new StopFilter(this.#forced ? [] : stop);
    if (tools !== undefined && toolChoice !== "none") {
      this.#finder = new ToolCallFinder(tools.map((tool) => tool.function.name));
    }
  }

  /** Whether a stop string has come. */
  get stopped(): boolean {
    return this.#stops.stopped;
  }

  /** Takes the next piece of what the model writes. */
  push(piece: string): void {
    this.#pass(this.#stops.push(piece));
  }

  /** Passes on what was held back and then the calls, and tells whether there are any. */
  end(): boolean {
    this.#pass(this.#stops.flush());
    const { text, calls } = this.#finder?.end() ?? { text: "", calls: [] };
    this.#calls.push(...calls);
    // The begin of a forced call, cut by the limit of tokens, is no text that anybody asked for.
    if (text !== "" && !this.#forced) this.#generation.onText(text);
    if (this.#calls.length === 0) return false;
    const most = this.#generation.parallelToolCalls === false ? 1 : undefined;
    this.#generation.onToolCalls?.(this.#calls.slice(0, most));
    return true;
  }

  #pass(piece: string): void {
    if (piece === "") return;
    const { text, calls } = this.#finder?.push(piece) ?? { text: piece, calls: [] };
    this.#calls.push(...calls);
    if (text !== "") this.#generation.onText(text);
  }
}

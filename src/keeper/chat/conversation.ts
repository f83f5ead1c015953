import type { ChatMessageInput } from "../../contracts/chat_message.ts";

/** What was asked and answered in a chat, in order. It is in memory alone. */
export class Conversation {
  #messages: ChatMessageInput[] = [];

  /** The messages of a request that asks `prompt` next. */
  asking(prompt: string): ChatMessageInput[] {
    return [...this.#messages, { role: "user", content: prompt }];
  }

  /**
   * Keeps a question and what came of its answer, all of it or a part. What was not answered at all is
   * not kept: templates of models want the two in turns.
   */
  keep(prompt: string, answer: string): void {
    if (answer === "") return;
    this.#messages = [...this.asking(prompt), { role: "assistant", content: answer }];
  }

  /** Forgets all of it. */
  clear(): void {
    this.#messages = [];
  }
}

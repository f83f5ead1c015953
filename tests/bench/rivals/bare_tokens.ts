/**
 * A script that has the demo model answer so many requests at once and does nothing with the tokens:
 * a loop over `evaluate()` for each. Arguments: requests, tokens, rounds, warm-up, slots, context, the question
 * and the token that the answers are made of, as JSON. Prints what each round took, in milliseconds.
 */
import { type Token, TokenBias } from "node-llama-cpp";
import { PromptTokens } from "../../../src/worker/prompt_tokens.ts";
import type { Load } from "../token_load.ts";
import { loadBareModel } from "./bare_model.ts";

const { requests, rounds, warmUp, tokens, slots, context, question, token } = JSON.parse(
  Deno.args[0] ?? "",
) as Load;

const model = await loadBareModel();
const made = await model.createContext({ contextSize: context, sequences: slots, threads: 1 });
const sequences = Array.from({ length: requests }, () => made.getSequence());
const prompt = new PromptTokens(model).of({
  messages: [{ role: "user", content: question }],
  maxTokens: tokens,
  temperature: 0,
  stop: [],
  onText: () => {},
  signal: new AbortController().signal,
});
const tokenBias = TokenBias.for(model);
tokenBias.set([token as Token], { logit: 100 });

async function answer(sequence: (typeof sequences)[number]): Promise<void> {
  await sequence.adaptStateToTokens(prompt.slice(0, -1), false);
  const rest = prompt.slice(sequence.nextTokenIndex);
  let count = 0;
  for await (const _ of sequence.evaluate(rest, { temperature: 0, tokenBias })) {
    if (++count === tokens) break;
  }
  if (count !== tokens) throw new Error(`An answer has ${count} tokens, not ${tokens}`);
}

const tookMs: number[] = [];
for (let round = 0; round < warmUp + rounds; round++) {
  const startedMs = performance.now();
  await Promise.all(sequences.map(answer));
  if (round >= warmUp) tookMs.push(performance.now() - startedMs);
}
Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(tookMs)));
Deno.exit(0);

import {
  type LlamaModel,
  type SequenceEvaluateOptions,
  type Token,
  TokenBias,
} from "node-llama-cpp";
import type { Generation } from "./engine.ts";
import { unsupported } from "./unsupported.ts";

const MAX_SEED = 4_294_967_294;

/**
 * How the tokens of an answer are chosen. Penalties count what `answered` holds at each step, all of
 * the answer, and nothing of the prompt. Without a seed there is a new one.
 *
 * @param options.most How long the answer may get, in tokens.
 * @throws {RbeeError} `unsupported` If `logitBias` names a token that the model does not have, or one
 * that ends the answer, which the package biases by itself.
 */
export function samplingOptions(
  model: LlamaModel,
  generation: Generation,
  options: { answered: readonly Token[]; most: number },
): SequenceEvaluateOptions {
  const { temperature, topP, topK, minP, seed, frequencyPenalty, presencePenalty } = generation;
  const bias = generation.logitBias && tokenBias(model, generation.logitBias);
  const penalised = (frequencyPenalty ?? 0) !== 0 || (presencePenalty ?? 0) !== 0;
  return {
    temperature,
    ...(topP !== undefined && { topP }),
    ...(topK !== undefined && { topK }),
    ...(minP !== undefined && { minP }),
    seed: seed ?? Math.floor(Math.random() * MAX_SEED),
    ...(penalised && {
      repeatPenalty: {
        penalty: 1,
        frequencyPenalty: frequencyPenalty ?? 0,
        presencePenalty: presencePenalty ?? 0,
        punishTokens: () => [...options.answered],
        maxPunishTokens: options.most,
      },
    }),
    ...(bias && { tokenBias: bias }),
  };
}

function tokenBias(model: LlamaModel, biases: Readonly<Record<string, number>>): TokenBias {
  const bias = TokenBias.for(model);
  const count = model.fileInfo.metadata.tokenizer?.ggml?.tokens?.length ?? Infinity;
  for (const [number, logit] of Object.entries(biases)) {
    const token = Number(number) as Token;
    if (token >= count) {
      throw unsupported("logit_bias", `the model has ${count} tokens, and none is ${number}`);
    }
    if (model.isEogToken(token)) {
      throw unsupported("logit_bias", `token ${number} ends the answer; use max_tokens or stop`);
    }
    bias.set([token], { logit });
  }
  return bias;
}

import type { LlamaContext } from "node-llama-cpp";
import { RbeeError } from "../base/rbee_error.ts";

/** What of the package's inner context is reached for here. */
interface AddonContext {
  decodeBatch(): Promise<unknown>;
  sampleToken(...args: unknown[]): Promise<unknown>;
}

/**
 * Lets the first token of each batch be sampled before the others are. node-llama-cpp samples all of
 * them at once, each in a thread of its own, and llama.cpp puts the rows of a batch in order when one
 * of them is first looked at, without a lock: two requests were seen to take each other's token, in 8
 * of 816 answers. Once the rows are in order, several threads may read them.
 *
 * @throws {RbeeError} `internal` If the package has no such inside any more.
 */
export function guardSampling(context: LlamaContext): void {
  const addon = innerContext(context);
  const decodeBatch = addon.decodeBatch.bind(addon);
  const sampleToken = addon.sampleToken.bind(addon);
  let first: Promise<unknown> | undefined;
  addon.decodeBatch = () => {
    first = undefined;
    return decodeBatch();
  };
  addon.sampleToken = (...args) => {
    if (first !== undefined) return first.then(() => sampleToken(...args));
    const sampled = sampleToken(...args);
    // Whether it went well is for who asked for it to see.
    first = sampled.then(() => {}, () => {});
    return sampled;
  };
}

function innerContext(context: LlamaContext): AddonContext {
  const addon = (context as unknown as { _ctx?: Partial<AddonContext> })._ctx;
  if (typeof addon?.decodeBatch === "function" && typeof addon.sampleToken === "function") {
    return addon as AddonContext;
  }
  throw new RbeeError(
    "internal",
    "This version of node-llama-cpp cannot be kept from mixing up the answers of several requests",
  );
}

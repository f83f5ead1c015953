import { z } from "zod";
import { RbeeError } from "../../src/base/rbee_error.ts";
import { emitData, emitToken } from "../../src/jobs/emit.ts";
import { operation, type OperationHandlers } from "../../src/jobs/operation_handler.ts";
import { unlessAborted } from "../../src/base/delay.ts";
import { narrate } from "../../src/narration/narrate.ts";
import { Gates } from "./gates.ts";

/** Longer than any test: a limit that is not meant to be met. */
const NO_LIMIT = { kind: "total", ms: 60_000 } as const;

/** Small operations that a test steps through their gates. */
export interface FixtureOperations {
  handlers: OperationHandlers;
  gates: Gates;
}

/** The fixture operations, with gates of their own. */
export function fixtureOperations(): FixtureOperations {
  const gates = new Gates();
  const name = z.string().min(1);
  const handlers: OperationHandlers = {
    /** Narrates, says each word as a token, narrates, is done. */
    story: operation(
      z.strictObject({ operation: z.literal("story"), words: z.array(z.string()).max(10_000) }),
      NO_LIMIT,
      ({ words }) => {
        narrate("story_begin", "Telling a story", { fields: { words: words.length } });
        words.forEach((word, i) => emitToken(word, i));
        narrate("story_end", "The story is told");
        return Promise.resolve({
          result: { words: words.length },
          usage: { prompt_tokens: 1, completion_tokens: words.length },
          finish_reason: "stop",
        });
      },
    ),
    /** Waits at a gate; when cancelled, waits at the gate `cleanup` before it lets go. */
    hold: operation(
      z.strictObject({ operation: z.literal("hold"), gate: name, cleanup: name.optional() }),
      NO_LIMIT,
      async ({ gate, cleanup }, job) => {
        narrate("hold", `Waiting at ${gate}`);
        try {
          await unlessAborted(gates.pass(gate), job.signal);
        } catch (reason) {
          if (cleanup !== undefined) await gates.pass(cleanup);
          narrate("let_go", `Leaving ${gate}`);
          throw reason;
        }
        emitToken("after the gate", 0);
        return { result: gate };
      },
    ),
    /** Passes two gates with narration of its secret before, between and after. */
    whisper: operation(
      z.strictObject({ operation: z.literal("whisper"), secret: name, gate: name }),
      NO_LIMIT,
      async ({ secret, gate }) => {
        narrate("whisper_first", `First ${secret}`);
        await gates.pass(`${gate} 1`);
        narrate("whisper_second", `Second ${secret}`, { fields: { secret } });
        emitToken(secret, 0);
        await gates.pass(`${gate} 2`);
        emitData("secret", secret);
        return { result: secret };
      },
    ),
    fail: operation(
      z.strictObject({ operation: z.literal("fail"), code: name.optional() }),
      NO_LIMIT,
      ({ code }) => {
        if (code === undefined) throw new TypeError("the wheel is missing");
        throw new RbeeError(code, "Cannot find the wheel", { details: { wheel: 4 } });
      },
    ),
    /** Writes so many captured lines of such a length, then waits at the gate `flooded`. */
    flood: operation(
      z.strictObject({
        operation: z.literal("flood"),
        lines: z.number().int(),
        length: z.number().int(),
      }),
      NO_LIMIT,
      async ({ lines, length }, job) => {
        await unlessAborted(gates.pass("flood"), job.signal);
        const line = "x".repeat(length);
        for (let n = 0; n < lines; n++) {
          job.log.append({ type: "log", actor: "hive", stream: "stdout", line });
        }
        return { result: lines };
      },
    ),
    data: operation(
      z.strictObject({ operation: z.literal("data"), value: z.json() }),
      NO_LIMIT,
      ({ value }) => {
        emitData("answer", value ?? 0);
        return Promise.resolve({ result: null });
      },
    ),
    /** Never ends by itself; its limit ends it. */
    sleeper: operation(
      z.strictObject({ operation: z.literal("sleeper") }),
      { kind: "total", ms: 20 },
      (_, job) => unlessAborted(new Promise<never>(() => {}), job.signal),
    ),
  };
  return { handlers, gates };
}

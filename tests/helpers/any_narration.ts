import fc from "fast-check";
import type { NarrationRecord } from "../../src/contracts/narration_record.ts";
import { anyText } from "./hostile_strings.ts";

const role = fc.constantFrom("queen", "hive", "worker", "keeper");
const machine = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,30}$/);

/** Any actor that the contract allows. */
export function anyActor(): fc.Arbitrary<string> {
  return fc.oneof(role, fc.tuple(role, machine).map((parts) => parts.join(":")));
}

/** Any action that the contract allows, up to its longest. */
export function anyAction(): fc.Arbitrary<string> {
  return fc.oneof(
    fc.stringMatching(/^[a-z][a-z0-9_]{0,20}$/),
    fc.stringMatching(/^[a-z][a-z0-9_]{70,79}$/),
  );
}

/** Any record that the contract allows. */
export function anyRecord(): fc.Arbitrary<NarrationRecord> {
  return fc.record({
    rbee: fc.constant("narration" as const),
    at: fc.date({ min: new Date(0), max: new Date("9999-01-01"), noInvalidDate: true })
      .map((date) => date.toISOString()),
    actor: anyActor(),
    action: anyAction(),
    human: anyText(),
    level: fc.constantFrom("debug" as const, "info" as const, "warn" as const, "error" as const),
    job_id: fc.string({ maxLength: 80 }),
    correlation_id: fc.string({ maxLength: 80 }),
    fields: fc.dictionary(fc.string().map((name) => `f${name}`), anyText(), {
      noNullPrototype: true,
    }),
    progress: fc.record({
      current: fc.nat(),
      total: fc.nat(),
      unit: fc.constantFrom("percent", "bytes", "tokens"),
    }, { noNullPrototype: true }),
  }, { requiredKeys: ["rbee", "at", "actor", "action", "human", "level"], noNullPrototype: true });
}

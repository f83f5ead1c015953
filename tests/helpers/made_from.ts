import type { JsonValue } from "../../src/contracts/json_value.ts";
import type { GrammarSchema } from "../../src/worker/schema_shape.ts";

const MAX_DEPTH = 12;
const CHARACTERS = ["a", "b", "é", "\u{1f41d}", " "];

/** Where choices and definitions come from. */
interface Maker {
  defs: Record<string, GrammarSchema>;
  /** The next choice: any whole number from 0 up. */
  choose(): number;
}

/**
 * Makes a value as the grammar of a schema would, where it chooses for itself: all properties, in their
 * order, and as many items as are allowed or a few. Undefined where it does not come to an end soon.
 */
export function madeFrom(
  schema: GrammarSchema,
  maker: Maker,
  depth = 0,
): { value: JsonValue } | undefined {
  if (depth > MAX_DEPTH) return undefined;
  const { $ref, oneOf, enum: listed, type } = schema;
  const pick = <T>(all: readonly T[]) => all[maker.choose() % all.length]!;
  const inner = (each: JsonValue | undefined) =>
    each === undefined || each === true
      ? { value: pick<JsonValue>([1.5, "any", null, [], {}]) }
      : madeFrom(each as GrammarSchema, maker, depth + 1);
  const between = (least: unknown, most: unknown) => {
    const [from, to] = [Number(least ?? 0), Number(most ?? Number(least ?? 0) + 3)];
    return from + maker.choose() % (to - from + 1);
  };
  if (typeof $ref === "string") return inner(maker.defs[$ref.replace("#/$defs/", "")]);
  if (Array.isArray(oneOf)) return inner(pick(oneOf));
  if ("const" in schema) return { value: schema["const"]! };
  if (Array.isArray(listed)) return { value: pick(listed) };
  switch (Array.isArray(type) ? pick(type) : type) {
    case "string": {
      const length = between(schema["minLength"], schema["maxLength"]);
      return { value: Array.from({ length }, () => pick(CHARACTERS)).join("") };
    }
    case "integer":
      return { value: pick([0, -7, 999_999_999_999_999]) };
    case "number":
      return { value: pick([0, -1.5, 3, 9e24]) };
    case "boolean":
      return { value: pick([true, false]) };
    case "null":
      return { value: null };
    case "array": {
      const first = (schema["prefixItems"] ?? []) as JsonValue[];
      const least = Math.max(first.length, Number(schema["minItems"] ?? 0));
      const length = between(least, schema["maxItems"]);
      const items = Array.from(
        { length },
        (_, i) => i < first.length ? inner(first[i]) : inner(schema["items"]),
      );
      return items.includes(undefined) ? undefined : { value: items.map((item) => item!.value) };
    }
    default: {
      const members = Object.entries((schema["properties"] ?? {}) as GrammarSchema)
        .map(([name, each]) => ({ name, made: inner(each) }));
      const others = schema["additionalProperties"];
      if (others !== false && others !== undefined) {
        const least = Math.max(0, Number(schema["minProperties"] ?? 0) - members.length);
        const most = schema["maxProperties"];
        const more = between(least, most === undefined ? undefined : Number(most) - members.length);
        // The same name may come again.
        for (let i = 0; i < more; i++) {
          members.push({ name: pick(["a", "b", "z"]), made: inner(others) });
        }
      }
      if (members.some(({ made }) => made === undefined)) return undefined;
      return { value: Object.fromEntries(members.map(({ name, made }) => [name, made!.value])) };
    }
  }
}

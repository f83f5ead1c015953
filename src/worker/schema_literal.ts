import type { JsonValue } from "../contracts/json_value.ts";
import { MAX_DEPTH, type SchemaWork } from "./schema_parts.ts";
import type { GrammarSchema } from "./schema_shape.ts";

// The package writes these into the grammar as they are.
// deno-lint-ignore no-control-regex -- control characters are what is looked for
const UNWRITABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/;

/**
 * The schema that this value alone fits.
 *
 * @throws {RbeeError} `unsupported` If it is nested too deep, or holds text that no grammar can write.
 */
export function literal(value: JsonValue, work: SchemaWork, depth: number): GrammarSchema {
  work.spend();
  if (depth > MAX_DEPTH) throw work.refuse(`the schema is nested over ${MAX_DEPTH} deep`);
  if (typeof value === "string") checkWritable(value, work);
  if (typeof value !== "object" || value === null) return { const: value };
  if (Array.isArray(value)) {
    const items = value.map((item) => literal(item, work, depth + 1));
    return {
      type: "array",
      ...(items.length > 0 && { prefixItems: items }),
      minItems: items.length,
      maxItems: items.length,
    };
  }
  const properties = Object.entries(value).map(([name, item]) => {
    checkWritable(name, work);
    return [name, literal(item ?? null, work, depth + 1)];
  });
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    additionalProperties: false,
  };
}

/** @throws {RbeeError} `unsupported` If no grammar can write this text. */
export function checkWritable(text: string, work: SchemaWork): void {
  if (UNWRITABLE.test(text)) throw work.refuse("the schema spells out control characters");
  // It would be written as another character.
  if (!text.isWellFormed()) throw work.refuse("the schema spells out half a character");
}

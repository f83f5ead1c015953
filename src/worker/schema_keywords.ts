import type { JsonValue } from "../contracts/json_value.ts";
import type { JsonSchema } from "../contracts/tool.ts";

/** What grammars can count, write and make. */
export const LIMITS = {
  /** llama.cpp refuses rules that repeat more often; some room is left for those around them. */
  repetitions: 500,
  /** Formats of strings that the package has rules for. */
  formats: ["date-time", "time", "date"] as readonly string[],
  /** The largest integer that is made, of 15 digits: all of them are exact in a double. */
  integer: 999_999_999_999_999,
  /** Above each number that is made, of 16 digits and an exponent of 9. */
  number: 1e26,
};

const TYPES = ["object", "array", "string", "number", "integer", "boolean", "null"];
const ANY_TYPE = ["type", "const", "enum", "nullable", "anyOf", "oneOf", "not", "if"];
/** The keywords that hold a bound of numbers. */
export const BOUNDS = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
const OF_TYPE: Record<string, readonly string[]> = {
  object: [
    ...["properties", "required", "additionalProperties", "patternProperties"],
    ...["minProperties", "maxProperties", "propertyNames", "unevaluatedProperties"],
    ...["dependentRequired", "dependentSchemas", "dependencies"],
  ],
  array: [
    ...["items", "prefixItems", "minItems", "maxItems", "additionalItems", "unevaluatedItems"],
    ...["uniqueItems", "contains", "minContains", "maxContains"],
  ],
  string: ["minLength", "maxLength", "pattern", "format", "contentEncoding"],
  number: [...BOUNDS, "multipleOf"],
};
const CONSTRAINTS = new Set([...ANY_TYPE, ...Object.values(OF_TYPE).flat(), "$dynamicRef"]);
const LOOSE: Record<string, readonly string[]> = {
  object: [
    ...["patternProperties", "dependentRequired", "dependentSchemas", "dependencies"],
    "propertyNames",
  ],
  array: ["additionalItems", "unevaluatedItems", "contains", "minContains", "maxContains"],
  string: ["pattern", "contentEncoding"],
};
const LOOSE_ANYWHERE = ["not", "if", "$dynamicRef"];

/** Whether a schema limits anything by itself, its `$ref` and `allOf` left aside. */
export function isConstraint(schema: JsonSchema): boolean {
  return Object.keys(schema).some((keyword) =>
    CONSTRAINTS.has(keyword) && schema[keyword] !== undefined
  );
}

/** The keywords in `schema` that limit values of this type, and that neither grammar nor code holds. */
export function looseKeywords(schema: JsonSchema, type: string): string[] {
  return [...LOOSE_ANYWHERE, ...(LOOSE[type] ?? [])].filter((keyword) => {
    const value = schema[keyword];
    if (keyword === "propertyNames" && isObject(value) && value["type"] === "string") return false;
    return value !== undefined && value !== false;
  });
}

/** The types that a schema names; undefined where it names none. */
export function namedTypes(schema: JsonSchema): string[] | undefined {
  if (schema["type"] === undefined) return undefined;
  return [schema["type"]].flat() as string[];
}

/** The first of the names that is no type of JSON. */
export function unknownType(types: readonly unknown[]): unknown {
  return types.find((type) => typeof type !== "string" || !TYPES.includes(type));
}

/** The types that fit all schemas; undefined where none names any. */
export function commonTypes(parts: readonly JsonSchema[]): string[] | undefined {
  let common: string[] | undefined;
  for (const part of parts) {
    const named = namedTypes(part);
    if (named === undefined) continue;
    common = common === undefined ? named : common.flatMap((type) => narrowed(type, named));
  }
  return common && [...new Set(common)];
}

function narrowed(type: string, named: readonly string[]): string[] {
  if (named.includes(type)) return [type];
  const both = [type, ...named];
  return both.includes("integer") && both.includes("number") && /^(integer|number)$/.test(type)
    ? ["integer"]
    : [];
}

/** The type that a schema without one is about, by its keywords. */
export function impliedType(schema: JsonSchema): string | undefined {
  return Object.keys(OF_TYPE).find((type) =>
    OF_TYPE[type]!.some((keyword) => schema[keyword] !== undefined)
  );
}

/** The values that the first schema which lists its values does list. */
export function listedValues(parts: readonly JsonSchema[]): JsonValue[] | undefined {
  for (const part of parts) {
    if (part["const"] !== undefined) return [part["const"]];
    if (Array.isArray(part["enum"])) return part["enum"];
  }
  return undefined;
}

/** Counts that all schemas allow. */
export interface Counts {
  least: number;
  /** Undefined where there is no limit. */
  most: number | undefined;
  /** The keywords that hold no count. */
  unread: string[];
}

/** Joins the counts that stand at two keywords. */
export function counts(parts: readonly JsonSchema[], least: string, most: string): Counts {
  const joined: Counts = { least: 0, most: undefined, unread: [] };
  for (const part of parts) {
    for (const keyword of [least, most]) {
      const count = part[keyword];
      if (count === undefined) continue;
      if (typeof count !== "number") joined.unread.push(keyword);
      else if (keyword === least) joined.least = Math.max(joined.least, Math.ceil(count));
      else joined.most = Math.min(joined.most ?? Infinity, Math.floor(count));
    }
  }
  return joined;
}

/** Tells an object of JSON from the rest. */
export function isObject(value: JsonValue | undefined): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What a schema says of the property of this name. */
export function schemaOfMember(part: JsonSchema, name: string): (JsonValue | undefined)[] {
  const { properties } = part;
  return isObject(properties) && Object.hasOwn(properties, name)
    ? [properties[name]]
    : schemaOfOthers(part);
}

/** What a schema says of properties that it does not name; patterns are told as loose. */
export function schemaOfOthers(part: JsonSchema): (JsonValue | undefined)[] {
  return part["patternProperties"] === undefined ? [part["additionalProperties"]] : [];
}

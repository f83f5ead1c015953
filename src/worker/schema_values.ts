import type { JsonValue } from "../contracts/json_value.ts";
import type { JsonSchema } from "../contracts/tool.ts";
import { counts, isObject, looseKeywords, namedTypes } from "./schema_keywords.ts";
import { isNumberOf } from "./schema_numbers.ts";
import { MAX_DEPTH, type SchemaParts, type SchemaWork } from "./schema_parts.ts";

/** What is needed to look at a value. */
export interface ValueCheck extends SchemaWork {
  parts: SchemaParts;
  /** Gets the keywords that were passed over. */
  loose: Set<string>;
}

/** Whether a value fits all schemas, but for the keywords that are told as loose. */
export function fits(
  value: JsonValue,
  parts: readonly JsonSchema[],
  check: ValueCheck,
  depth = 0,
): boolean {
  if (depth > MAX_DEPTH) throw check.refuse(`the schema is nested over ${MAX_DEPTH} deep`);
  const isOf = (schema: JsonValue | undefined, inner: JsonValue = value) =>
    fits(inner, check.parts.of(schema).parts, check, depth + 1);
  return parts.every((part) => {
    check.spend();
    if (value === null && part["nullable"] === true) return true;
    const { const: only, enum: listed, anyOf, oneOf } = part;
    const types = namedTypes(part);
    if (types !== undefined && !types.some((type) => isOfType(value, type))) return false;
    if (only !== undefined && !equal(only, value)) return false;
    if (Array.isArray(listed) && !listed.some((each) => equal(each, value))) return false;
    if (Array.isArray(anyOf) && !anyOf.some((each) => isOf(each))) return false;
    if (Array.isArray(oneOf) && oneOf.filter((each) => isOf(each)).length !== 1) return false;
    for (const keyword of looseKeywords(part, typeOf(value))) check.loose.add(keyword);
    if (typeof value === "number") return isNumberOf(value, part);
    if (typeof value === "string") {
      if (part["format"] !== undefined) check.loose.add("format");
      return isCounted([...value].length, part, "Length");
    }
    if (Array.isArray(value)) return isArrayOf(value, part, isOf);
    return value === null || typeof value !== "object" || isObjectOf(value, part, check, isOf);
  });
}

type IsOf = (schema: JsonValue | undefined, value: JsonValue) => boolean;

function isArrayOf(value: readonly JsonValue[], part: JsonSchema, isOf: IsOf): boolean {
  const first = Array.isArray(part["prefixItems"]) ? part["prefixItems"] : [];
  const isUnique = () => new Set(value.map(distinct)).size === value.length;
  return isCounted(value.length, part, "Items") &&
    value.every((item, i) => isOf(i < first.length ? first[i] : part["items"], item)) &&
    (part["uniqueItems"] !== true || isUnique());
}

function isObjectOf(
  value: { [name: string]: JsonValue | undefined },
  part: JsonSchema,
  check: ValueCheck,
  isOf: IsOf,
): boolean {
  const { properties, required, additionalProperties: others, patternProperties } = part;
  if (part["unevaluatedProperties"] !== undefined) check.loose.add("unevaluatedProperties");
  const names = Object.keys(value);
  if (!isCounted(names.length, part, "Properties")) return false;
  if (Array.isArray(required) && !required.every((name) => Object.hasOwn(value, String(name)))) {
    return false;
  }
  return names.every((name) => {
    const isListed = isObject(properties) && Object.hasOwn(properties, name);
    if (isListed) return isOf(properties[name], value[name] ?? null);
    return patternProperties !== undefined || isOf(others, value[name] ?? null);
  });
}

function isCounted(count: number, part: JsonSchema, what: string): boolean {
  const { least, most } = counts([part], `min${what}`, `max${what}`);
  return count >= least && count <= (most ?? Infinity);
}

function isOfType(value: JsonValue, type: string): boolean {
  return typeOf(value) === type || (type === "integer" && Number.isInteger(value));
}

/** The type of a value; `number` for integers too. */
export function typeOf(value: JsonValue): string {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}

/** The value, or its text where it is compared by what it holds. */
function distinct(value: JsonValue): JsonValue {
  return typeof value === "object" && value !== null ? `${written(value)}{` : value;
}

const WRITTEN = new WeakMap<object, string>();

function equal(a: JsonValue, b: JsonValue): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) return false;
  return written(a) === written(b);
}

/** One text for all orders of names. Kept, since each value of a long list is compared with all. */
function written(value: object): string {
  let text = WRITTEN.get(value);
  if (text === undefined) {
    text = JSON.stringify(
      value,
      (_name, inner: JsonValue) =>
        isObject(inner) ? Object.fromEntries(Object.entries(inner).sort()) : inner,
    );
    WRITTEN.set(value, text);
  }
  return text;
}

import type { JsonSchema } from "../contracts/tool.ts";
import { BOUNDS, LIMITS } from "./schema_keywords.ts";

const MAX_VALUES = 256;

/** What numbers several schemas allow together. */
export interface NumberRange {
  /** False where no number fits them all. */
  isPossible: boolean;
  /** All that fit, where they are one number, or integers and 256 at most. */
  values?: number[];
  /** The keywords that a number made without regard to them may not fit. */
  loose: string[];
}

/** Joins the bounds and the steps of numbers, or of integers. */
export function numberRange(parts: readonly JsonSchema[], type: "integer" | "number"): NumberRange {
  const { least, most } = edges(parts, type);
  const count = type === "integer" ? most - least + 1 : most - least === 0 ? 1 : Infinity;
  if (least > most) return { isPossible: false, loose: [] };
  const loose = looseBounds(parts, type);
  if (!(count <= MAX_VALUES) || loose.some((keyword) => !isNumeric(parts, keyword))) {
    return { isPossible: true, loose };
  }
  // Where doubles have gaps, adding one may give the same number again.
  const all = new Set(Array.from({ length: count }, (_, i) => least + i));
  const values = [...all].filter((value) => parts.every((part) => isNumberOf(value, part)));
  return { isPossible: values.length > 0, values, loose: [] };
}

/** Whether a number keeps the bounds and the step of a schema. */
export function isNumberOf(value: number, schema: JsonSchema): boolean {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  const keeps = (bound: unknown, holds: (bound: number) => boolean) =>
    typeof bound !== "number" || holds(bound);
  return keeps(minimum, (bound) => value >= bound) &&
    keeps(maximum, (bound) => value <= bound) &&
    keeps(exclusiveMinimum, (bound) => value > bound) &&
    keeps(exclusiveMaximum, (bound) => value < bound) &&
    keeps(multipleOf, (step) => Number.isInteger(value / step));
}

function edges(parts: readonly JsonSchema[], type: "integer" | "number") {
  let [least, most] = [-Infinity, Infinity];
  const isWhole = type === "integer";
  for (const part of parts) {
    const { minimum, maximum, exclusiveMinimum: above, exclusiveMaximum: below } = part;
    if (typeof minimum === "number") {
      least = Math.max(least, isWhole ? Math.ceil(minimum) : minimum);
    }
    if (typeof maximum === "number") most = Math.min(most, isWhole ? Math.floor(maximum) : maximum);
    if (typeof above === "number") least = Math.max(least, isWhole ? Math.floor(above) + 1 : above);
    if (typeof below === "number") most = Math.min(most, isWhole ? Math.ceil(below) - 1 : below);
  }
  return { least, most };
}

function looseBounds(parts: readonly JsonSchema[], type: "integer" | "number"): string[] {
  const made = LIMITS[type];
  const loose = new Set<string>();
  for (const part of parts) {
    for (const keyword of BOUNDS) {
      const bound = part[keyword];
      if (bound === undefined || bound === false) continue;
      // Libraries write the bounds of what a double holds, which limit nothing that is made.
      const isWide = typeof bound === "number" &&
        (keyword.endsWith("inimum") ? bound < -made : bound > made);
      if (!isWide) loose.add(keyword);
    }
    const step = part["multipleOf"];
    const divides = type === "integer" && typeof step === "number" && 1 % step === 0;
    if (step !== undefined && !divides) loose.add("multipleOf");
  }
  return [...loose];
}

/** Whether each schema that has the keyword has a number there; drafts before the sixth had others. */
function isNumeric(parts: readonly JsonSchema[], keyword: string): boolean {
  return parts.every((part) => ["number", "undefined"].includes(typeof part[keyword]));
}

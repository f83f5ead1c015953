import type { JsonSchema } from "../contracts/tool.ts";
import { commonTypes, impliedType, isObject, listedValues } from "./schema_keywords.ts";
import { fits, typeOf, type ValueCheck } from "./schema_values.ts";

const MAX_DEPTH = 4;

/** More comparisons than this are not made for one choice. */
const MAX_STEPS = 50_000;

/** What is thrown where the comparisons are too many. */
class TooMany extends Error {}

/**
 * Whether each value that is made for one of the branches fits no other of them, as `oneOf` demands:
 * true only where their types, their values or a property of theirs tell them apart. False where that
 * would take too long to find out.
 *
 * @param branches Each as the schemas that a value must fit all.
 */
export function areApart(branches: readonly JsonSchema[][], check: ValueCheck): boolean {
  let steps = 0;
  const quiet = {
    ...check,
    // What is passed over here is told where the values themselves are made.
    loose: new Set<string>(),
    spend: () => {
      if (++steps > MAX_STEPS) throw new TooMany();
    },
  };
  const known = branches.map((parts) => ({ parts, members: new Map<string, JsonSchema[]>() }));
  try {
    return known.every((one) =>
      known.every((other) => one === other || shuts(one, other, { check: quiet, depth: 0 }))
    );
  } catch (error) {
    if (!(error instanceof TooMany)) throw error;
    return false;
  }
}

/** A branch, with what is known of its properties. */
interface Branch {
  parts: readonly JsonSchema[];
  members: Map<string, JsonSchema[]>;
}

/** Whether no value that is made for one fits the other; false where that is not known. */
function shuts(
  one: Branch,
  another: Branch,
  { check, depth }: { check: ValueCheck; depth: number },
): boolean {
  check.spend();
  const [made, other] = [one.parts, another.parts];
  if (depth > MAX_DEPTH || isNullable(other) || isNullable(made)) return false;
  const values = listedValues(made);
  if (values !== undefined) {
    return values.every((value) => !fits(value, other, check) || !fits(value, made, check));
  }
  const types = madeTypes(made);
  if (types === undefined) return false;
  const taken = listedValues(other)?.map(typeOf) ?? commonTypes(other);
  if (taken !== undefined && !types.some((type) => taken.some((each) => overlap(type, each)))) {
    return true;
  }
  if (types.join() !== "object" || made.some((part) => part["maxProperties"] !== undefined)) {
    return false;
  }
  const names = membersOf(made);
  return (names.size > 0 && [...requiredOf(other)].some((name) => !names.has(name))) ||
    [...names].some((name) => {
      const [ours, theirs] = [memberOf(one, name, check), memberOf(another, name, check)];
      return theirs.length > 0 && isSimple(ours) && shuts(
        { parts: ours, members: new Map() },
        { parts: theirs, members: new Map() },
        { check, depth: depth + 1 },
      );
    });
}

function madeTypes(parts: readonly JsonSchema[]): string[] | undefined {
  const isChoice = parts.some((part) => part["anyOf"] ?? part["oneOf"]);
  const named = commonTypes(parts);
  if (named !== undefined) return named;
  if (isChoice) return undefined;
  const implied = parts.map(impliedType).find((type) => type !== undefined);
  return implied === undefined ? undefined : [implied];
}

function isNullable(parts: readonly JsonSchema[]): boolean {
  return parts.some((part) => part["nullable"] === true);
}

/** Whether a property of these schemas is made in any case, since nothing leads on from it. */
function isSimple(parts: readonly JsonSchema[]): boolean {
  if (parts.length === 0) return false;
  const types = commonTypes(parts);
  return listedValues(parts) !== undefined ||
    (types !== undefined && !types.includes("object") && !types.includes("array"));
}

function membersOf(parts: readonly JsonSchema[]): Set<string> {
  const listed = parts.flatMap(({ properties }) =>
    isObject(properties) ? Object.keys(properties) : []
  );
  return new Set(listed.length === 0 ? [] : [...listed, ...requiredOf(parts)]);
}

/** The names that some schema demands. */
export function requiredOf(parts: readonly JsonSchema[]): Set<string> {
  return new Set(
    parts.flatMap(({ required }) => Array.isArray(required) ? required.map(String) : []),
  );
}

function memberOf({ parts, members }: Branch, name: string, check: ValueCheck): JsonSchema[] {
  const known = members.get(name);
  if (known !== undefined) return known;
  const schemas = parts.flatMap(({ properties }) =>
    isObject(properties) && Object.hasOwn(properties, name) ? [properties[name]] : []
  );
  const member = check.parts.of(...schemas).parts;
  members.set(name, member);
  return member;
}

function overlap(a: string, b: string): boolean {
  const isNumber = (type: string) => type === "number" || type === "integer";
  return a === b || (isNumber(a) && isNumber(b));
}

import type { JsonValue } from "../contracts/json_value.ts";
import type { JsonSchema } from "../contracts/tool.ts";
import { areApart, requiredOf } from "./schema_choice.ts";
import {
  commonTypes,
  counts,
  impliedType,
  isObject,
  LIMITS,
  listedValues,
  looseKeywords,
  schemaOfMember,
  schemaOfOthers,
  unknownType,
} from "./schema_keywords.ts";
import { checkWritable, literal } from "./schema_literal.ts";
import { numberRange } from "./schema_numbers.ts";
import {
  MAX_DEPTH,
  MAX_WAYS,
  type SchemaParts,
  type SchemaWork,
  TOO_MANY_WAYS,
} from "./schema_parts.ts";
import { ANYTHING, choiceOf, type Member, plain, type Shape } from "./schema_shape.ts";
import { fits } from "./schema_values.ts";

/** The name of what a whole document makes, among its definitions. */
export const ROOT = "";

/** What the walks through several documents share. */
export interface SharedWork extends SchemaWork {
  /** A name for a definition that no other has. */
  nextName(): string;
  /** Counts how often a grammar's rules are repeated. */
  repeat(count: number): void;
}

const NULL: JsonSchema = { type: "null" };
/**
 * The conversion of one document. What is converted is always a list of schemas that a value must fit
 * all, so that none of what stands beside a reference or a choice is lost.
 */
export class SchemaWalk {
  /** The keywords that what is made may not fit. */
  readonly loose = new Set<string>();
  readonly #parts: SchemaParts;
  readonly #work: SharedWork;
  readonly #named = new Map<string, string>();
  readonly #lengths = new Set<string>();
  readonly #waiting: { name: string; parts: JsonSchema[] }[] = [];

  constructor(parts: SchemaParts, work: SharedWork) {
    this.#parts = parts;
    this.#work = work;
  }

  /**
   * Converts what fits all of `schemas`: as {@linkcode ROOT}, followed by the definitions that it needs.
   * Undefined is what nothing fits.
   */
  convert(schemas: readonly JsonSchema[]): [string, Shape | undefined][] {
    const done: [string, Shape | undefined][] = [[ROOT, this.#all(schemas, [], 0)]];
    for (let next = this.#waiting.pop(); next !== undefined; next = this.#waiting.pop()) {
      done.push([next.name, this.#shape(next.parts, 0)]);
    }
    return done;
  }

  /** What fits schemas and parts; where a reference leads there it has a name, and is made once. */
  #all(
    schemas: readonly (JsonValue | undefined)[],
    beside: readonly JsonSchema[],
    depth: number,
  ): Shape | undefined {
    const { parts, isReferred } = this.#parts.of(...schemas);
    const all = [...new Set([...beside, ...parts])];
    if (!isReferred || all.length === 0) return this.#shape(all, depth + 1);
    const key = this.#parts.key(all);
    let name = this.#named.get(key);
    if (name === undefined) {
      name = this.#work.nextName();
      this.#named.set(key, name);
      this.#waiting.push({ name, parts: all });
    }
    return { kind: "named", name };
  }

  #shape(parts: readonly JsonSchema[], depth: number): Shape | undefined {
    this.#work.spend();
    if (depth > MAX_DEPTH) {
      throw this.#work.refuse(`the schema is nested over ${MAX_DEPTH} deep`);
    }
    if (parts.some(({ not }) => not === true || (isObject(not) && Object.keys(not).length === 0))) {
      return undefined;
    }
    const nullable = parts.find((part) => part["nullable"] === true);
    if (nullable !== undefined) {
      const others = parts.filter((part) => part !== nullable);
      return choiceOf([
        this.#shape(this.#parts.without(parts, nullable, "nullable"), depth + 1),
        this.#all([NULL], others, depth),
      ]);
    }
    const values = listedValues(parts);
    if (values !== undefined) return this.#values(values, parts, depth);
    for (const keyword of ["anyOf", "oneOf"]) {
      const part = parts.find((each) => Array.isArray(each[keyword]));
      if (part !== undefined) return this.#branches(keyword, { part, parts, depth });
    }
    return this.#typed(parts, depth);
  }

  #values(
    values: readonly JsonValue[],
    parts: readonly JsonSchema[],
    depth: number,
  ): Shape | undefined {
    if (values.length > MAX_WAYS) throw this.#work.refuse(TOO_MANY_WAYS);
    const check = { ...this.#check(), loose: this.loose };
    return choiceOf(
      values.map((value) =>
        fits(value, parts, check) ? plain(literal(value, this.#work, depth)) : undefined
      ),
    );
  }

  #branches(
    keyword: string,
    { part, parts, depth }: { part: JsonSchema; parts: readonly JsonSchema[]; depth: number },
  ): Shape | undefined {
    const branches = part[keyword] as JsonValue[];
    const rest = this.#parts.without(parts, part, keyword);
    if (keyword === "oneOf") {
      const all = branches.map((branch) => [...rest, ...this.#parts.of(branch).parts]);
      if (!areApart(all, this.#check())) this.loose.add(keyword);
    }
    return choiceOf(branches.map((branch) => this.#all([branch], rest, depth)));
  }

  #check() {
    return {
      spend: () => this.#work.spend(),
      refuse: (why: string) => this.#work.refuse(why),
      parts: this.#parts,
      loose: new Set<string>(),
    };
  }

  #typed(parts: readonly JsonSchema[], depth: number): Shape | undefined {
    if (parts.some(({ type }) => type !== undefined && unknownType([type].flat()) !== undefined)) {
      throw this.#work.refuse('a "type" of the schema is no type of JSON');
    }
    const implied = parts.map(impliedType).find((type) => type !== undefined);
    const types = commonTypes(parts) ?? (implied === undefined ? undefined : [implied]);
    if (types !== undefined) return choiceOf(types.map((type) => this.#ofType(type, parts, depth)));
    this.#tell(parts.flatMap((part) => looseKeywords(part, "")));
    return ANYTHING;
  }

  #ofType(type: string, parts: readonly JsonSchema[], depth: number): Shape | undefined {
    this.#tell(parts.flatMap((part) => looseKeywords(part, type)));
    switch (type) {
      case "object":
        return this.#object(parts, depth);
      case "array":
        return this.#array(parts, depth);
      case "string":
        return this.#string(parts);
      case "integer":
      case "number": {
        const { isPossible, values, loose } = numberRange(parts, type);
        if (!isPossible) return undefined;
        this.#tell(loose);
        return plain(values === undefined ? { type } : { enum: values });
      }
      default:
        return plain({ type });
    }
  }

  #string(parts: readonly JsonSchema[]): Shape | undefined {
    const formats = new Set(parts.flatMap(({ format }) => format ?? []));
    const lengths = this.#counts(parts, "minLength", "maxLength");
    if (lengths === undefined) return undefined;
    const { least, most } = lengths;
    const [format] = formats;
    const isKnown = typeof format === "string" && LIMITS.formats.includes(format);
    if (formats.size > 1 || (formats.size === 1 && !isKnown)) this.#tell(["format"]);
    if (!isKnown) {
      return plain({
        type: "string",
        ...(least > 0 && { minLength: least }),
        ...(most !== undefined && { maxLength: most }),
      });
    }
    if (least > 0) this.#tell(["minLength"]);
    if (most !== undefined) this.#tell(["maxLength"]);
    return plain({ type: "string", format });
  }

  #object(parts: readonly JsonSchema[], depth: number): Shape | undefined {
    const required = requiredOf(parts);
    const listed = new Set(
      parts.flatMap(({ properties }) => isObject(properties) ? Object.keys(properties) : []),
    );
    const joined = this.#counts(parts, "minProperties", "maxProperties");
    if (joined === undefined || required.size > (joined.most ?? Infinity)) return undefined;
    const { least, most } = joined;
    const members: Member[] = [];
    for (const name of new Set([...listed, ...required])) {
      checkWritable(name, this.#work);
      const shape = this.#all(parts.flatMap((part) => schemaOfMember(part, name)), [], depth);
      if (shape !== undefined) members.push({ name, shape, isRequired: required.has(name) });
      else if (required.has(name)) return undefined;
    }
    while (members.length > (most ?? Infinity)) {
      members.splice(members.findLastIndex(({ isRequired }) => !isRequired), 1);
    }
    const isClosed = parts.some((part) =>
      part["unevaluatedProperties"] === false ||
      (part["additionalProperties"] === false && part["patternProperties"] === undefined)
    );
    const others = listed.size > 0 || isClosed
      ? undefined
      : this.#all(parts.flatMap(schemaOfOthers), [], depth);
    const room = others === undefined ? 0 : (most ?? Infinity) - members.length;
    if (least > members.length + room && (isClosed || listed.size === 0)) return undefined;
    // Names of others may come twice, and then are one.
    if (least > members.length + Math.min(room, members.length === 0 ? 1 : 0)) {
      this.#tell(["minProperties"]);
    }
    if (parts.some((part) => isObject(part["unevaluatedProperties"]))) {
      this.#tell(["unevaluatedProperties"]);
    }
    const isFull = least > required.size;
    return {
      kind: "object",
      members: isFull ? members.map((member) => ({ ...member, isRequired: true })) : members,
      ...(room > 0 && { others }),
      least: room > 0 ? least : 0,
      most: room > 0 ? most : undefined,
    };
  }

  #array(parts: readonly JsonSchema[], depth: number): Shape | undefined {
    const joined = this.#counts(parts, "minItems", "maxItems");
    if (joined === undefined) return undefined;
    const { least } = joined;
    let most = joined.most ?? Infinity;
    const firsts = parts.map(({ prefixItems }) => Array.isArray(prefixItems) ? prefixItems : []);
    const itemsAt = (i: number) =>
      parts.flatMap(({ items }, part) =>
        firsts[part]![i] ?? (i < firsts[part]!.length ? [] : items) ?? []
      );
    const listed = Math.max(0, ...firsts.map(({ length }) => length));
    const first: Shape[] = [];
    for (let i = 0; i < Math.min(listed, most); i++) {
      const item = this.#all(itemsAt(i), [], depth);
      if (item === undefined) most = i;
      else first.push(item);
    }
    const rest = most > first.length ? this.#all(itemsAt(listed), [], depth) : undefined;
    if (rest === undefined) most = Math.min(most, first.length);
    if (least > most) return undefined;
    if (most > 1 && parts.some(({ uniqueItems }) => uniqueItems === true)) {
      this.#tell(["uniqueItems"]);
    }
    return { kind: "array", first, rest, least, most: most === Infinity ? undefined : most };
  }

  /** Undefined where no count fits. Counts that no grammar holds are told, and left out. */
  #counts(
    parts: readonly JsonSchema[],
    leastAt: string,
    mostAt: string,
  ): { least: number; most: number | undefined } | undefined {
    const { least, most, unread } = counts(parts, leastAt, mostAt);
    if (least > (most ?? Infinity) || (most ?? 0) < 0) return undefined;
    const isLeastHeld = least <= LIMITS.repetitions;
    const isMostHeld = most === undefined || most <= LIMITS.repetitions;
    this.#tell([...unread, ...(isLeastHeld ? [] : [leastAt]), ...(isMostHeld ? [] : [mostAt])]);
    const held = { least: isLeastHeld ? least : 0, most: isMostHeld ? most : undefined };
    // Strings of the same lengths have one rule.
    const rule = `${leastAt} ${held.least} ${held.most}`;
    if (leastAt !== "minLength" || !this.#lengths.has(rule)) {
      this.#lengths.add(rule);
      this.#work.repeat(held.most ?? held.least);
    }
    return held;
  }

  #tell(keywords: Iterable<string>): void {
    for (const keyword of keywords) this.loose.add(keyword);
  }
}

import type { JsonValue } from "../contracts/json_value.ts";
import type { JsonSchema } from "../contracts/tool.ts";
import { isConstraint, isObject } from "./schema_keywords.ts";

/** How deep schemas may be inside one another, and references follow one another. */
export const MAX_DEPTH = 64;

/** How many values or choices may stand in one place. */
export const MAX_WAYS = 1000;

/** What is said of more. */
export const TOO_MANY_WAYS = `the schema has over ${MAX_WAYS} values or choices in one place`;

/** The schema that nothing fits. */
const NOTHING: JsonSchema = { enum: [] };

/** Schemas that a value must fit all. */
export interface Parts {
  /** Each limits something by itself; its own `$ref` and `allOf` are to be left aside. */
  parts: JsonSchema[];
  /** Whether a reference led to them. */
  isReferred: boolean;
}

/** What limits the work on the schemas of one request. */
export interface SchemaWork {
  /** Counts what is looked at, and throws when it is too much. */
  spend(): void;
  /** The error that refuses the schema; `why` has it as its subject. */
  refuse(why: string): Error;
}

/**
 * Takes the schemas of one document apart: `$ref` and `allOf` are followed, so that what is left is a
 * list of schemas all of which a value must fit. The same schema is the same object each time.
 */
export class SchemaParts {
  readonly #root: JsonSchema;
  readonly #work: SchemaWork;
  readonly #ids = new Map<JsonSchema, number>();
  readonly #rests = new Map<JsonSchema, Map<string, JsonSchema>>();

  constructor(root: JsonSchema, work: SchemaWork) {
    this.#root = root;
    this.#work = work;
  }

  /**
   * The parts of all that is given, each once.
   *
   * @throws {RbeeError} `unsupported` If one is no schema, refers to what is not there or to itself, or
   * is more than 64 references deep.
   */
  of(...values: (JsonValue | undefined)[]): Parts {
    const parts: JsonSchema[] = [];
    const seen = new Set<JsonSchema>();
    const open = new Set<JsonSchema>();
    let isReferred = false;
    const visit = (value: JsonValue | undefined): void => {
      this.#work.spend();
      if (value === undefined || value === true) return;
      if (value !== false && !isObject(value)) {
        // What it is stays untold: a schema is the asker's own, and errors are kept.
        throw this.#work.refuse(
          "in the schema stands a value that is no schema, where one must be",
        );
      }
      const schema = value === false ? NOTHING : value;
      if (open.has(schema)) {
        throw this.#work.refuse("the schema refers to itself without an end");
      }
      if (seen.has(schema)) return;
      if (open.size > MAX_DEPTH) {
        throw this.#work.refuse(`the schema is nested over ${MAX_DEPTH} deep`);
      }
      seen.add(schema);
      open.add(schema);
      const { $ref, allOf } = schema;
      if (typeof $ref === "string") {
        isReferred = true;
        visit(this.#target($ref));
      }
      if (Array.isArray(allOf)) { for (const each of allOf) visit(each); }
      open.delete(schema);
      if (isConstraint(schema)) parts.push(schema);
    };
    for (const value of values) visit(value);
    return { parts, isReferred };
  }

  /** A name of what the parts say together, whatever their order. */
  key(parts: readonly JsonSchema[]): string {
    return parts.map((part) => this.#id(part)).sort((a, b) => a - b).join(" ");
  }

  /** The parts with one of them free of a keyword; it is gone if it limits nothing then. */
  without(parts: readonly JsonSchema[], part: JsonSchema, keyword: string): JsonSchema[] {
    const rests = this.#rests.get(part) ?? new Map<string, JsonSchema>();
    this.#rests.set(part, rests);
    let rest = rests.get(keyword);
    if (rest === undefined) {
      const { [keyword]: _left, ...kept } = part;
      rest = kept;
      rests.set(keyword, rest);
    }
    return parts.flatMap((each) => each !== part ? [each] : isConstraint(rest) ? [rest] : []);
  }

  #id(part: JsonSchema): number {
    const id = this.#ids.get(part) ?? this.#ids.size;
    this.#ids.set(part, id);
    return id;
  }

  #target(ref: string): JsonValue {
    let at: JsonValue | undefined = this.#root;
    const steps = ref.startsWith("#") ? ref.slice(1).split("/").slice(1) : [""];
    if (ref.startsWith("#") && steps.length === 0 && ref !== "#") at = undefined;
    for (const step of steps) {
      const key = unescaped(step);
      if (Array.isArray(at)) at = /^(0|[1-9]\d*)$/.test(key) ? at[Number(key)] : undefined;
      else at = isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
    }
    if (at !== undefined) return at;
    throw this.#work.refuse('a "$ref" of the schema leads to nothing in it');
  }
}

/** One step of a JSON pointer in a URI; one that is escaped wrongly is taken as it is. */
function unescaped(step: string): string {
  let key = step;
  try {
    key = decodeURIComponent(step);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
  }
  return key.replaceAll("~1", "/").replaceAll("~0", "~");
}

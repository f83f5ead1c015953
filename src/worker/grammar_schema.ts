import type { JsonSchema } from "../contracts/tool.ts";
import { MAX_WAYS, SchemaParts, type SchemaWork, TOO_MANY_WAYS } from "./schema_parts.ts";
import { type GrammarSchema, mostWaysToBegin, type Shape } from "./schema_shape.ts";
import { ROOT, SchemaWalk } from "./schema_walk.ts";
import { unsupported } from "./unsupported.ts";
import { writeShapes } from "./write_shapes.ts";

// Each is far more than schemas of people have, and keeps the work below a second, in which the worker
// answers nobody. The package looks at all definitions for each object.
const MAX_WORK = 20_000;
const MAX_DEFINITIONS = 300;
const MAX_REPETITIONS = 20_000;

/**
 * Turns JSON Schemas into schemas for grammars. Whatever a grammar makes fits the schema, but for the
 * keywords that are told as `loose`; not all that fits can be made: properties come in the order in which
 * they are written, each of them is there even if it need not be, and others are not where some are
 * named. A property that need not be there and leads back to its own object without an end is left out,
 * and so are choices that nothing fits.
 */
export class GrammarSchemas {
  /** What the request calls the place of the schemas, for errors. */
  readonly parameter: string;
  readonly #defs: Record<string, GrammarSchema> = {};
  #names = 0;
  #work = 0;
  #repetitions = 0;

  constructor(parameter: string) {
    this.parameter = parameter;
  }

  /** What the schemas that were added refer to; stands as `$defs` in the outermost. */
  get defs(): Record<string, GrammarSchema> {
    return this.#defs;
  }

  /**
   * Adds a schema; `loose` has its keywords that no grammar holds: `pattern`, `minimum`, …
   *
   * @param also A further schema that a value must fit, without references.
   * @throws {RbeeError} `unsupported` If it refers to what is not there or only to itself, no value fits
   * it, it is nested more than 64 deep, or it is too large: all schemas together may have 20,000 parts,
   * 300 of them referred to, and 1,000 values or choices in one place.
   */
  add(root: JsonSchema, also: JsonSchema = {}): { schema: GrammarSchema; loose: string[] } {
    const refuse = (why: string) => unsupported(this.parameter, why);
    const work: SchemaWork = {
      spend: () => {
        if (++this.#work > MAX_WORK) throw refuse(`the schema has over ${MAX_WORK} parts`);
      },
      refuse,
    };
    const walk = new SchemaWalk(new SchemaParts(root, work), {
      ...work,
      nextName: () => {
        if (this.#names === MAX_DEFINITIONS) {
          throw refuse(`the schema refers to over ${MAX_DEFINITIONS} definitions`);
        }
        return `d${this.#names++}`;
      },
      repeat: (count) => {
        this.#repetitions += count;
        if (this.#repetitions > MAX_REPETITIONS) {
          throw refuse(`the lengths in the schema add up to over ${MAX_REPETITIONS}`);
        }
      },
    });
    const shapes = new Map<string, Shape | undefined>(walk.convert([root, also]));
    const ways = mostWaysToBegin(shapes);
    if (ways === Infinity) throw refuse("the schema refers to itself without an end");
    if (ways > MAX_WAYS) throw refuse(TOO_MANY_WAYS);
    const { [ROOT]: schema, ...defs } = writeShapes(shapes);
    if (schema === undefined) throw refuse("no value that has an end fits the schema");
    Object.assign(this.#defs, defs);
    return { schema, loose: [...walk.loose] };
  }
}

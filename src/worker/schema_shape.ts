import type { JsonValue } from "../contracts/json_value.ts";

/** A JSON Schema as llama.cpp's grammars can hold it, in the dialect of node-llama-cpp. */
export type GrammarSchema = { [keyword: string]: JsonValue | undefined };

/** What can be made, as far as it is known before all definitions are. */
export type Shape =
  | { kind: "plain"; schema: GrammarSchema }
  | { kind: "choice"; of: Shape[] }
  | { kind: "named"; name: string }
  | ObjectShape
  | ArrayShape;

/** An object; all of its members are made. */
export interface ObjectShape {
  kind: "object";
  members: Member[];
  /** What members of any name are; undefined if there are none. */
  others?: Shape | undefined;
  least: number;
  most: number | undefined;
}

/** A property by its name. */
export interface Member {
  name: string;
  shape: Shape;
  /** False for one that may be left out, where it would lead back to its own object without an end. */
  isRequired: boolean;
  isLeftOut?: boolean;
}

/** An array. */
export interface ArrayShape {
  kind: "array";
  /** All of these are made. */
  first: Shape[];
  /** What follows; undefined if nothing does. */
  rest?: Shape | undefined;
  least: number;
  most: number | undefined;
}

/** Any value. */
export const ANYTHING: Shape = {
  kind: "plain",
  schema: {
    oneOf: [
      { type: ["string", "number", "boolean", "null"] },
      { type: "array" },
      { type: "object", additionalProperties: true },
    ],
  },
};

/** What a schema is made of that has nothing inside that may not end. */
export function plain(schema: GrammarSchema): Shape {
  return { kind: "plain", schema };
}

/** What fits one of these; undefined is what nothing fits. */
export function choiceOf(shapes: readonly (Shape | undefined)[]): Shape | undefined {
  const of = shapes.filter((shape) => shape !== undefined);
  return of.length > 1 ? { kind: "choice", of } : of[0];
}

/** Definitions by name; undefined for those that nothing fits. */
export type Definitions = ReadonlyMap<string, Shape | undefined>;

/**
 * In how many ways a value may begin in the place where these are the most: llama.cpp follows all of
 * them at once, and compares each with all others. Infinity where one begins with itself.
 */
export function mostWaysToBegin(shapes: Definitions): number {
  const known = new Map<string, number>();
  // What is inside another shape begins elsewhere.
  const places = [...shapes.values()];
  const waysOf = (shape: Shape): number => {
    switch (shape.kind) {
      case "plain":
        return Array.isArray(shape.schema["enum"]) ? shape.schema["enum"].length : 1;
      case "named": {
        const ways = known.get(shape.name);
        if (ways !== undefined) return ways;
        // As long as it is not known.
        known.set(shape.name, Infinity);
        const target = shapes.get(shape.name);
        known.set(shape.name, target === undefined ? 0 : waysOf(target));
        return known.get(shape.name)!;
      }
      case "choice":
        return shape.of.reduce((sum, each) => sum + waysOf(each), 0);
      case "object":
        places.push(...shape.members.map((member) => member.shape), shape.others);
        return 1;
      case "array":
        places.push(...shape.first, shape.rest);
        return 1;
    }
  };
  let most = 0;
  for (const place of places) most = Math.max(most, place === undefined ? 0 : waysOf(place));
  return most;
}

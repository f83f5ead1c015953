import {
  ANYTHING,
  type ArrayShape,
  type Definitions,
  type GrammarSchema,
  type ObjectShape,
  type Shape,
} from "./schema_shape.ts";

/**
 * Writes all definitions of which something can be made that has an end, without the choices, the
 * members and the items that have none.
 */
export function writeShapes(shapes: Definitions): Record<string, GrammarSchema> {
  const endings = new Endings(shapes);
  const written: [string, GrammarSchema][] = [];
  for (const [name, shape] of shapes) {
    if (shape !== undefined && endings.has(name)) written.push([name, endings.write(shape)]);
  }
  return Object.fromEntries(written);
}

/** Of which definitions something can be made that has an end. */
class Endings {
  readonly #ending = new Set<string>();

  constructor(shapes: Definitions) {
    const waiting = new Map([...shapes].flatMap(([name, shape]) => shape ? [[name, shape]] : []));
    while (waiting.size > 0) {
      const whole = [...waiting].filter(([, shape]) => this.#ends(shape)).map(([name]) => name);
      for (const name of whole) this.#end(name, waiting);
      if (whole.length > 0) continue;
      // Each of them waits for the others. Only here is a member left out, and of one definition at a
      // time, the one that was met last.
      const circle = firstCircle(waiting);
      const parted = circle.findLast((name) => this.#ends(waiting.get(name)!, { whole: false }));
      if (parted === undefined) { for (const name of circle) waiting.delete(name); }
      else {
        this.#leaveOut(waiting.get(parted)!);
        this.#end(parted, waiting);
      }
    }
  }

  #end(name: string, waiting: Map<string, Shape>): void {
    this.#ending.add(name);
    waiting.delete(name);
  }

  has(name: string): boolean {
    return this.#ending.has(name);
  }

  write(shape: Shape): GrammarSchema {
    switch (shape.kind) {
      case "plain":
        return shape.schema;
      case "named":
        return { $ref: `#/$defs/${shape.name}` };
      case "choice": {
        const all = shape.of.filter((each) => this.#ends(each)).map((each) => this.write(each));
        return all.length === 1 ? all[0]! : { oneOf: all };
      }
      case "object":
        return this.#object(shape);
      case "array":
        return this.#array(shape);
    }
  }

  #object({ members, others, least, most }: ObjectShape): GrammarSchema {
    const made = members.filter(({ shape, isLeftOut }) => !isLeftOut && this.#ends(shape));
    const hasOthers = others !== undefined && this.#ends(others);
    return {
      type: "object",
      properties: Object.fromEntries(made.map(({ name, shape }) => [name, this.write(shape)])),
      additionalProperties: hasOthers && (others === ANYTHING || this.write(others)),
      ...(hasOthers && least > 0 && { minProperties: least }),
      ...(hasOthers && most !== undefined && { maxProperties: most }),
    };
  }

  #array({ first, rest, least, most }: ArrayShape): GrammarSchema {
    const hasRest = rest !== undefined && this.#ends(rest);
    const limit = hasRest ? most : first.length;
    return {
      type: "array",
      ...(first.length > 0 && { prefixItems: first.map((item) => this.write(item)) }),
      ...(hasRest && { items: this.write(rest) }),
      ...(least > 0 && { minItems: least }),
      ...(limit !== undefined && { maxItems: limit }),
    };
  }

  /** Whether something is made of it; if not `whole`, without members that need not be there. */
  #ends(shape: Shape, options: { whole: boolean } = { whole: true }): boolean {
    switch (shape.kind) {
      case "plain":
        return true;
      case "named":
        return this.#ending.has(shape.name);
      case "choice":
        return shape.of.some((each) => this.#ends(each, options));
      case "array":
        return shape.first.every((item) => this.#ends(item, options)) &&
          (shape.least <= shape.first.length ||
            (shape.rest !== undefined && this.#ends(shape.rest, options)));
      case "object":
        return shape.members.every((member) =>
          member.isLeftOut || this.#ends(member.shape, options) ||
          (!options.whole && !member.isRequired)
        ) && (shape.least <= shape.members.length ||
          (shape.others !== undefined && this.#ends(shape.others, options)));
    }
  }

  #leaveOut(shape: Shape): void {
    if (shape.kind === "choice") {
      for (const each of shape.of) if (this.#ends(each, { whole: false })) this.#leaveOut(each);
    } else if (shape.kind === "array") {
      for (const item of shape.first) this.#leaveOut(item);
    } else if (shape.kind === "object") {
      for (const member of shape.members) {
        if (this.#ends(member.shape, { whole: false })) this.#leaveOut(member.shape);
        else if (!member.isRequired) member.isLeftOut = true;
      }
    }
  }
}

/** Definitions that lead to one another and to no others of these, in their order. */
function firstCircle(shapes: ReadonlyMap<string, Shape>): string[] {
  const order = new Map<string, number>();
  const path: string[] = [];
  /** The earliest on the path that it leads back to; or the circle, where it leads to no other. */
  const visit = (name: string): number | string[] => {
    const own = order.size;
    order.set(name, own);
    path.push(name);
    let earliest = own;
    for (const next of referredIn(shapes.get(name)!)) {
      if (!shapes.has(next)) continue;
      const found = order.get(next) ?? visit(next);
      if (typeof found !== "number") return found;
      earliest = Math.min(earliest, found);
    }
    return earliest < own ? earliest : path.splice(path.indexOf(name));
  };
  const [first] = shapes.keys();
  const circle = new Set(visit(first!) as string[]);
  return [...shapes.keys()].filter((name) => circle.has(name));
}

/** The definitions that a shape holds. */
function referredIn(shape: Shape): string[] {
  switch (shape.kind) {
    case "plain":
      return [];
    case "named":
      return [shape.name];
    case "choice":
      return shape.of.flatMap(referredIn);
    case "object":
      return [
        ...shape.members.map((member) => member.shape),
        ...(shape.others ? [shape.others] : []),
      ]
        .flatMap(referredIn);
    case "array":
      return [...shape.first, ...(shape.rest ? [shape.rest] : [])].flatMap(referredIn);
  }
}

import { z } from "zod";

/** A part of a JSON Schema, as far as it is read here. */
export interface SchemaNode {
  type?: string | readonly string[];
  description?: string;
  default?: unknown;
  properties?: Record<string, SchemaNode>;
  additionalProperties?: SchemaNode | boolean;
  propertyNames?: SchemaNode;
  items?: SchemaNode;
  anyOf?: readonly SchemaNode[];
  enum?: readonly unknown[];
  const?: unknown;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
}

const made = new WeakMap<z.ZodType, SchemaNode>();

/** The JSON Schema of what may be written, before defaults and conversions. Made once; not to be changed. */
export function inputSchema(schema: z.ZodType): SchemaNode & { $schema?: string } {
  const known = made.get(schema);
  if (known !== undefined) return known;
  const node = z.toJSONSchema(schema, { io: "input" }) as SchemaNode;
  made.set(schema, node);
  return node;
}

/** The alternative that can hold others, where there are several. */
export function holder(node: SchemaNode): SchemaNode {
  return node.anyOf?.find(({ type }) => type === "object" || type === "array") ?? node;
}

/** The part of a schema at a path; undefined where it knows nothing of it. */
export function schemaAt(
  root: SchemaNode,
  path: readonly PropertyKey[],
): SchemaNode | undefined {
  let node: SchemaNode | undefined = root;
  for (const segment of path) {
    if (node === undefined) return undefined;
    const { properties, additionalProperties, items }: SchemaNode = holder(node);
    const name = String(segment);
    if (properties !== undefined && Object.hasOwn(properties, name)) node = properties[name];
    else if (typeof additionalProperties === "object") node = additionalProperties;
    else node = items;
  }
  return node;
}

/** What a value of a schema is, in words: `a whole number from 0 to 65535`. */
export function expectedValue(node: SchemaNode): string {
  if (node.enum !== undefined) return `one of ${node.enum.join(", ")}`;
  if (node.const !== undefined) return String(node.const);
  if (node.anyOf !== undefined) {
    const given = node.anyOf.filter(({ type }) => type !== "null").map(expectedValue);
    return given.join(" or ");
  }
  if (Array.isArray(node.type)) {
    return node.type.map((type: string) => expectedValue({ type })).join(" or ");
  }
  switch (node.type) {
    case "integer":
      return `a whole number${range(node)}`;
    case "number":
      return `a number${range(node)}`;
    case "boolean":
      return "true or false";
    case "array":
      return node.minItems ? `a list of at least ${node.minItems}` : "a list";
    case "object":
      return "a mapping of keys to values";
    default:
      return `text${length(node)}`;
  }
}

function range({ minimum, maximum, exclusiveMinimum }: SchemaNode): string {
  const least = bound(minimum);
  const most = bound(maximum);
  if (least !== undefined && most !== undefined) return ` from ${least} to ${most}`;
  const bounds = [
    ...(exclusiveMinimum === undefined ? [] : [`above ${exclusiveMinimum}`]),
    ...(least === undefined ? [] : [`of at least ${least}`]),
    ...(most === undefined ? [] : [`of at most ${most}`]),
  ];
  return bounds.map((each) => ` ${each}`).join(" and");
}

/** A bound that somebody has set: those of all whole numbers say nothing. */
function bound(limit: number | undefined): number | undefined {
  return limit === undefined || Math.abs(limit) >= Number.MAX_SAFE_INTEGER ? undefined : limit;
}

function length({ minLength, maxLength }: SchemaNode): string {
  if (maxLength !== undefined) return ` of ${minLength ?? 0} to ${maxLength} characters`;
  return minLength === undefined ? "" : " that is not empty";
}

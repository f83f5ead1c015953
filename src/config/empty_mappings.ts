import { holder, type SchemaNode } from "./schema_node.ts";

/**
 * A value of YAML with an empty mapping wherever the schema has one and the file has nothing: `queen:` is
 * what is left when somebody comments its last key out. The value itself is not changed.
 */
export function emptyMappings(value: unknown, node: SchemaNode): unknown {
  const { properties, additionalProperties } = holder(node);
  const isMapping = properties !== undefined || typeof additionalProperties === "object";
  if (!isMapping) return value;
  if (value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, held]) => {
      const child = properties !== undefined && Object.hasOwn(properties, name)
        ? properties[name]
        : typeof additionalProperties === "object"
        ? additionalProperties
        : undefined;
      return [name, child === undefined ? held : emptyMappings(held, child)];
    }),
  );
}

/** The schema of what {@linkcode emptyMappings} takes: every mapping below the first may be null. */
export function orEmptyMappings(node: SchemaNode): SchemaNode {
  const { properties, additionalProperties } = node;
  return {
    ...node,
    ...(properties !== undefined && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, child]) => [name, orNull(orEmptyMappings(child))]),
      ),
    }),
    ...(typeof additionalProperties === "object" && {
      additionalProperties: orNull(orEmptyMappings(additionalProperties)),
    }),
  };
}

function orNull(node: SchemaNode): SchemaNode {
  return node.type === "object" ? { ...node, type: ["object", "null"] } : node;
}

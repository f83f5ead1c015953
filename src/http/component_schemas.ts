import { z } from "zod";
import { jsonValueSchema } from "../contracts/json_value.ts";
import type { JsonSchema } from "../contracts/tool.ts";
import type { NamedSchema } from "./route_description.ts";

/** Whether a schema is for what is sent to a role, before defaults, or for what it answers. */
export type SchemaSide = "input" | "output";

/** Where a document of OpenAPI keeps a schema by its name. */
export function schemaPath(name: string): string {
  return `#/components/schemas/${name}`;
}

/**
 * Turns schemas of zod into JSON Schemas of draft 2020-12, which is what OpenAPI 3.1 takes, by name;
 * where one holds another of them, it refers to it. Objects of answers may have more members than are
 * named, since a later version may add some.
 *
 * What zod checks in code, by `refine()`, no JSON Schema can say; it is left out.
 */
export function componentSchemas(
  schemas: readonly NamedSchema[],
  side: SchemaSide,
): Record<string, JsonSchema> {
  const registry = z.registry<{ id: string }>();
  // It holds itself, so it needs a name to be referred to by.
  registry.add(jsonValueSchema, { id: "JsonValue" });
  for (const { name, schema } of schemas) registry.add(schema, { id: name });
  const made = z.toJSONSchema(registry, { uri: schemaPath, io: side, override: opened(side) });
  return Object.fromEntries(
    Object.entries(plain(made.schemas)).map(([name, schema]) => [name, withoutHead(schema)]),
  );
}

/** The same for one schema that stands where it is used. */
export function inlineSchema(schema: z.ZodType, side: SchemaSide): JsonSchema {
  return withoutHead(
    plain({ schema: z.toJSONSchema(schema, { io: side, override: opened(side) }) })["schema"]!,
  );
}

/** Takes back that an object which says nothing of other members may have none. */
function opened(side: SchemaSide) {
  return ({ zodSchema, jsonSchema }: {
    zodSchema: z.core.$ZodTypes;
    jsonSchema: z.core.JSONSchema.BaseSchema;
  }) => {
    if (side === "input" || !(zodSchema instanceof z.ZodObject)) return;
    if (zodSchema.def.catchall === undefined) delete jsonSchema.additionalProperties;
  };
}

/** As it is written, without what only its maker reads. */
function plain(schemas: Record<string, unknown>): Record<string, JsonSchema> {
  return JSON.parse(JSON.stringify(schemas)) as Record<string, JsonSchema>;
}

/** The document says once which draft it is, and where its parts are. */
function withoutHead({ $schema: _draft, $id: _place, ...schema }: JsonSchema): JsonSchema {
  return schema;
}

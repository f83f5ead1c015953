import { orEmptyMappings } from "./empty_mappings.ts";
import { rbeeYamlSchema } from "./rbee_yaml.ts";
import { inputSchema, type SchemaNode } from "./schema_node.ts";

/** The JSON Schema of rbee.yaml, as it is written: with descriptions, defaults and units, for editors. */
export function configSchema(): SchemaNode & { $schema?: string; title: string } {
  const { $schema, ...schema } = inputSchema(rbeeYamlSchema);
  return {
    ...($schema !== undefined && { $schema }),
    title: "rbee.yaml",
    description: "The settings of rbee. Every key may be missing; its default holds then.",
    ...orEmptyMappings(schema),
  };
}

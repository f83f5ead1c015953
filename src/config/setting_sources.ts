import { shownKey } from "./config_mistakes.ts";
import { holder, type SchemaNode } from "./schema_node.ts";
import type { YamlDocument } from "./yaml_document.ts";

/** Where a value comes from. */
export type SettingSource =
  | { source: "default" }
  | { source: "file"; line: number }
  | { source: "environment" | "flag"; name: string };

/** A value that holds, as it was written, and where it comes from. */
export type Setting = { key: string; value: unknown } & SettingSource;

/**
 * Every value that a file of settings leads to, in the order of the schema: what stands in the file, and
 * the defaults of all else that has one. Lists are one value; of what holds things by name each is its own,
 * and in the place of what looks like a secret in such a name stands `[redacted]`.
 *
 * @param document Fits the schema.
 */
export function fileSettings(document: YamlDocument, schema: SchemaNode): Setting[] {
  const settings: Setting[] = [];
  const walk = (node: SchemaNode, value: unknown, path: readonly string[]): void => {
    const { properties, additionalProperties } = holder(node);
    const held = asObject(value);
    if (properties !== undefined) {
      for (const [name, child] of Object.entries(properties)) {
        walk(child, held.get(name), [...path, name]);
      }
    } else if (typeof additionalProperties === "object" && held.size > 0) {
      for (const [name, child] of held) walk(additionalProperties, child, [...path, name]);
    } else if (value !== undefined && value !== null) {
      const { line } = document.positionOf(path, { key: true });
      settings.push({ key: shownKey(path), value, source: "file", line });
    } else if (node.default !== undefined || additionalProperties !== undefined) {
      settings.push({ key: shownKey(path), value: node.default ?? {}, source: "default" });
    }
  };
  walk(schema, document.value, []);
  return settings;
}

function asObject(value: unknown): Map<string, unknown> {
  return new Map(typeof value === "object" && value !== null ? Object.entries(value) : []);
}

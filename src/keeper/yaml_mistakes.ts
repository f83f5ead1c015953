import { RbeeError } from "../base/rbee_error.ts";
import { type ConfigMistake, judgeYaml, shownKey } from "../config/config_mistakes.ts";
import { rbeeYamlSchema } from "../config/rbee_yaml.ts";
import { YamlDocument } from "../config/yaml_document.ts";
import { parseModelRef } from "../models/model_ref.ts";

/**
 * All that is wrong with a text of rbee.yaml, in its order: what a role refuses to start with, and names
 * under `models` that every request is refused for, with which it starts. Never throws.
 */
export function yamlMistakes(text: string): ConfigMistake[] {
  const { mistakes } = judgeYaml(text, rbeeYamlSchema);
  const document = new YamlDocument(text);
  const known = new Set(mistakes.map(({ key }) => key));
  const names = wrongModelNames(document).filter(({ key }) => !known.has(key));
  return [...mistakes, ...names].sort((a, b) => a.line - b.line || a.column - b.column);
}

function wrongModelNames(document: YamlDocument): ConfigMistake[] {
  const allowHttp = child(child(document.value, "hive"), "allow_http") === true;
  const models = child(document.value, "models");
  if (typeof models !== "object" || models === null || Array.isArray(models)) return [];
  return Object.keys(models).flatMap((name) => {
    const why = document.forbidden.has(name) ? undefined : complaintOf(name, { allowHttp });
    if (why === undefined) return [];
    const path = ["models", name];
    const position = document.positionOf(path, { key: true });
    return [{ ...position, key: shownKey(path), message: why }];
  });
}

/** Why a hive refuses a model of that name; undefined where it does not. */
function complaintOf(name: string, options: { allowHttp: boolean }): string | undefined {
  try {
    parseModelRef(name, options);
    return undefined;
  } catch (error) {
    if (error instanceof RbeeError) return error.message;
    throw error;
  }
}

function child(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}

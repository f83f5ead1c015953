import { html } from "hono/html";
import type { JsonValue } from "../contracts/json_value.ts";
import type { JsonSchema } from "../contracts/tool.ts";

/** A piece of a page, with what must be escaped escaped. */
export type Markup = ReturnType<typeof html>;

/** What a value may be, in a few words, with a link where it has a schema of its own on the page. */
export function schemaText(schema: JsonSchema): Markup {
  const { $ref, type, items } = schema;
  if (typeof $ref === "string") {
    const name = $ref.slice($ref.lastIndexOf("/") + 1);
    return html`<a href="#schema-${name}">${name}</a>`;
  }
  const choices = schema["oneOf"] ?? schema["anyOf"];
  if (Array.isArray(choices)) return joined(choices.map((each) => schemaText(each as JsonSchema)));
  if ("const" in schema) return html`<code>${JSON.stringify(schema["const"])}</code>`;
  if (Array.isArray(schema["enum"])) {
    return joined(schema["enum"].map((value) => html`<code>${JSON.stringify(value)}</code>`));
  }
  if (type === "array" && isObject(items)) {
    return html`list of ${schemaText(items)}${limitsText(schema)}`;
  }
  if (isObject(schema["properties"])) return html`<code>${membersText(schema)}</code>`;
  const name = Array.isArray(type) ? type.join(" or ") : type ?? "anything";
  return html`${name}${limitsText(schema)}`;
}

const LIMITS: Record<string, string> = {
  minimum: "at least",
  exclusiveMinimum: "above",
  maximum: "at most",
  minLength: "length at least",
  maxLength: "length at most",
  minItems: "entries at least",
  maxItems: "entries at most",
  default: "default",
};
// What every whole number is limited to, since JSON's readers can hold no more.
const SAFE = Number.MAX_SAFE_INTEGER;

function limitsText(schema: JsonSchema): string {
  const said = Object.entries(LIMITS).flatMap(([keyword, words]) => {
    const value = schema[keyword];
    if (value === undefined || value === SAFE || value === -SAFE) return [];
    return [`${words} ${JSON.stringify(value)}`];
  });
  return said.length === 0 ? "" : `, ${said.join(", ")}`;
}

/** The members of an object by name, as in TypeScript; a value that tells it from others is said. */
function membersText({ properties, required }: JsonSchema): string {
  const must = Array.isArray(required) ? required : [];
  const members = Object.entries(properties as JsonSchema).map(([name, member]) => {
    const mark = must.includes(name) ? "" : "?";
    const only = isObject(member) && "const" in member
      ? `: ${JSON.stringify(member["const"])}`
      : "";
    return `${name}${mark}${only}`;
  });
  return `{ ${members.join(", ")} }`;
}

function isObject(value: JsonValue | undefined): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function joined(parts: readonly Markup[]): Markup {
  return html`${parts.flatMap((part, at) => at === 0 ? [part] : [" or ", part])}`;
}

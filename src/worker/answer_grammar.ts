import { type Llama, LlamaGrammar } from "node-llama-cpp";
import type { ResponseFormat } from "../contracts/sampling.ts";
import type { JsonSchema, Tool, ToolChoice } from "../contracts/tool.ts";
import { messageOf, RbeeError } from "../base/rbee_error.ts";
import { narrate } from "../narration/narrate.ts";
import { GrammarSchemas } from "./grammar_schema.ts";
import type { GrammarSchema } from "./schema_shape.ts";
import { CALL_CLOSE, CALL_OPEN } from "./tool_prompt.ts";
import { unsupported } from "./unsupported.ts";

/** What decides which texts an answer may be. */
export interface AnswerForm {
  responseFormat?: ResponseFormat | undefined;
  tools?: readonly Tool[] | undefined;
  toolChoice?: ToolChoice | undefined;
}

/** Whether the answer must be a call. */
export function isForced({ toolChoice }: AnswerForm): boolean {
  return toolChoice === "required" || typeof toolChoice === "object";
}

/**
 * Makes the grammar of an answer that may not be any text; undefined for one that may. A call that is
 * forced is one call, between {@linkcode CALL_OPEN} and {@linkcode CALL_CLOSE} where `tagged` says that
 * the model has learned it so. Keywords of a schema that no grammar holds are narrated, and refused
 * where the schema is `strict`.
 *
 * @throws {RbeeError} `unsupported` If the schema cannot be made a grammar, or the answer may be a call
 * and must be JSON.
 */
export async function answerGrammar(
  llama: Llama,
  form: AnswerForm,
  options: { tagged: boolean },
): Promise<LlamaGrammar | undefined> {
  const { responseFormat, tools, toolChoice } = form;
  if (isForced(form) && tools !== undefined) {
    const name = typeof toolChoice === "object" ? toolChoice.function.name : undefined;
    const chosen = tools.filter((tool) => name === undefined || tool.function.name === name);
    const schema = callSchema(chosen);
    return await grammarOf(llama, schema, { field: "tools", call: options });
  }
  if (responseFormat === undefined || responseFormat.type === "text") return undefined;
  if (tools !== undefined && toolChoice !== "none") {
    throw unsupported(
      "response_format",
      'an answer that may be a call cannot be bound to JSON; set tool_choice to "none" or "required"',
    );
  }
  if (responseFormat.type === "json_object") {
    // The package's own grammar for JSON takes any value; an object is what is asked for.
    const anyObject = { type: "object", additionalProperties: true };
    return await grammarOf(llama, anyObject, { field: "response_format" });
  }
  const { schema, strict } = responseFormat.json_schema;
  const schemas = new GrammarSchemas("response_format");
  const choice = converted(schemas, schema, { strict: strict === true });
  return await grammarOf(llama, withDefs([choice], schemas), { field: "response_format" });
}

function callSchema(tools: readonly Tool[]): GrammarSchema {
  const schemas = new GrammarSchemas("tools");
  const calls = tools.map(({ function: { name, parameters, strict } }): GrammarSchema => ({
    type: "object",
    properties: {
      name: { const: name },
      arguments: parameters === undefined
        ? { type: "object", properties: {}, additionalProperties: false }
        : converted(schemas, parameters, { strict: strict === true, also: { type: "object" } }),
    },
    additionalProperties: false,
  }));
  return withDefs(calls, schemas);
}

/** Adds a schema of the request, and says or refuses what its grammar will not hold. */
function converted(
  schemas: GrammarSchemas,
  root: JsonSchema,
  { strict, also }: { strict: boolean; also?: JsonSchema },
): GrammarSchema {
  const { schema, loose } = schemas.add(root, also);
  if (loose.length === 0) return schema;
  const keywords = loose.join(", ");
  if (strict) {
    throw unsupported(
      schemas.parameter,
      `no grammar holds ${keywords}; leave it out of the schema, or do not ask for strict`,
    );
  }
  narrate("schema", `The answer is not held to these keywords of its schema: ${keywords}`, {
    level: "warn",
  });
  return schema;
}

function withDefs(choices: readonly GrammarSchema[], schemas: GrammarSchemas): GrammarSchema {
  return { oneOf: [...choices], $defs: schemas.defs };
}

// What the package ends each grammar of its own with, for models that do not know how to end.
const ENDING = / "\\n\\n\\n\\n" \[\\n\]\*$/;

async function grammarOf(
  llama: Llama,
  schema: GrammarSchema,
  { field, call }: { field: string; call?: { tagged: boolean } },
): Promise<LlamaGrammar> {
  try {
    const { grammar } = await llama.createGrammarForJsonSchema(schema as { type: "object" });
    const [root = "", ...rules] = grammar.split("\n");
    const value = root.replace(/^root ::= /, "").replace(ENDING, "");
    const whole = call?.tagged ? `"${CALL_OPEN}\\n" ${value} "\\n${CALL_CLOSE}"` : value;
    return await llama.createGrammar({
      grammar: [
        `root ::= ${whole}`,
        ...rules.map(exact).map(call ? withoutLines : (rule) => rule),
      ].join("\n"),
    });
  } catch (error) {
    if (error instanceof RbeeError) throw error;
    throw unsupported(field, `the schema makes no grammar (${messageOf(error)})`, error);
  }
}

const EXPONENT = `([eE] ([+]? [0-9] | "-" [0-9]{1,2}))?`;
const WHOLE = `"-"? ("0" | [1-9] [0-9]{0,14})`;
const FRACTION = `"-"? ("0" | [1-9] [0-9]{0,15}) ("." [0-9]{1,16})? ${EXPONENT}`;
// Halves of characters are left out: a pair of them would be counted as two, and one alone is no text.
const CHARACTER = String
  .raw`[^"\\\x7F\x00-\x1F] | "\\" ["\\/bfnrt] | "\\u" ([0-9a-cA-CefEF] [0-9a-fA-F] | [dD] [0-7]) [0-9a-fA-F]{2}`;
const EXACT: Record<string, string> = {
  "integer-number-rule": WHOLE,
  "fractional-number-rule": FRACTION,
  "string-char-rule": CHARACTER,
};

/**
 * Replaces rules of the package that make more than they say: integers with an exponent, by which they
 * may become fractions, numbers that a double does not hold, and characters that are none.
 */
function exact(rule: string): string {
  const [name = ""] = rule.split(" ", 1);
  return EXACT[name] === undefined ? rule : `${name} ::= ${EXACT[name]}`;
}

// Nobody reads the layout of a call, and its tokens are counted all the same.
function withoutLines(rule: string): string {
  return rule
    .replace(/^(whitespace-[\w-]+ ::= ).*$/, "$1[ ]?")
    .replace(/^(comma-whitespace-[\w-]+ ::= ).*$/, '$1"," [ ]?');
}

import { html } from "hono/html";
import type { JsonSchema } from "../contracts/tool.ts";
import type {
  OpenApiAnswer,
  OpenApiContent,
  OpenApiDocument,
  OpenApiOperation,
  OpenApiParameter,
} from "./openapi_document.ts";
import { type Markup, schemaText } from "./schema_text.ts";

/** What a browser may load for the page: nothing but the style that stands in it. */
export const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

// By the page itself: nothing is loaded from anywhere, so that it can be read without a network.
const STYLE = `
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font: 0.9em/1.4 ui-monospace, monospace; }
h3 code { font-size: 1em; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.75rem 0.25rem 0; }
td, th { border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
pre { overflow-x: auto; padding: 0.75rem; border: 1px solid; border-radius: 4px; }
section { margin-top: 2rem; }
`;

/** The document of a role as one page of HTML, which needs no script and nothing from elsewhere. */
export function openApiPage(document: OpenApiDocument): Markup {
  const { info, tags, paths, components } = document;
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(onceForAll(item)).map(([method, operation]) => ({ method, path, operation }))
  );
  return html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>${info.title}</title>
        <style>${STYLE}</style>
      </head>
      <body>
    <h1>${info.title} ${info.version}</h1>
    <p>${info.description} For programs: <a href="/openapi.json">openapi.json</a>.</p>
    ${tags.map(({ name }) =>
      html`
        <section>
        <h2>${name}</h2>
        ${operations.filter(({ operation }) => operation.tags.includes(name)).map(
          operationMarkup,
        )}</section>
      `
    )}<section>
    <h2>Schemas</h2>
    ${Object.entries(components.schemas).map(([name, schema]) =>
      schemaMarkup(name, schema)
    )}</section>
      </body>
    </html>
  `;
}

/** What takes every method in the same way is shown once. */
function onceForAll(item: Record<string, OpenApiOperation>): Record<string, OpenApiOperation> {
  const [first, ...others] = Object.values(item);
  return others.length > 3 ? { any: first! } : item;
}

function operationMarkup(
  { method, path, operation }: { method: string; path: string; operation: OpenApiOperation },
): Markup {
  const { operationId, summary, description, parameters, requestBody, responses } = operation;
  return html`
    <h3 id="${operationId}"><code>${method.toUpperCase()} ${path}</code></h3>
    <p>${summary}.${description === undefined ? "" : html`
      ${description}
    `}</p>
    <table>
    ${(parameters ?? []).map(parameterMarkup)}${requestBody === undefined ? "" : html`
      <tr><th>body</th>${contentMarkup(requestBody.content)}</tr>
    `}${Object.entries(responses).map(([status, answer]) =>
      "$ref" in answer
        ? html`
          <tr>
            <th>else</th>
            <td>An error: ${schemaText({ $ref: "#/components/schemas/Error" })}</td>
          </tr>
        `
        : html`
          <tr><th>${status}</th>${answerMarkup(answer)}</tr>
        `
    )}</table>
  `;
}

function parameterMarkup(parameter: OpenApiParameter): Markup {
  const { name, description, schema } = parameter;
  return html`
    <tr>
      <th>${parameter.in} <code>${name}</code></th>
      <td>${schemaText(schema)}${description === undefined ? "" : html`. ${description}`}</td>
    </tr>
  `;
}

function answerMarkup({ description, headers = {}, content = {} }: OpenApiAnswer): Markup {
  return contentMarkup(
    content,
    html`${description}${
      Object.entries(headers).map(([name, header]) =>
        html`<br>header <code>${name}</code>: ${schemaText(header.schema)}. ${header.description}`
      )
    }`,
  );
}

function contentMarkup(content: OpenApiContent, description?: Markup): Markup {
  const types = Object.entries(content).map(([type, { schema }]) =>
    html`<br><code>${type}</code>: ${schemaText(schema)}`
  );
  return html`<td>${description ?? "What is sent"}${types}</td>`;
}

function schemaMarkup(name: string, schema: JsonSchema): Markup {
  const fields = Object.entries((schema["properties"] ?? {}) as Record<string, JsonSchema>);
  const required = (schema["required"] ?? []) as string[];
  return html`
    <h3 id="schema-${name}">${name}</h3>
    ${fields.length === 0
      ? html`
        <p>${schemaText(schema)}</p>
      `
      : html`
        <table>
        ${fields.map(([field, value]) =>
          html`
            <tr>
              <th><code>${field}</code>${required.includes(field) ? "" : " (optional)"}</th>
              <td>${schemaText(value)}</td>
            </tr>
          `
        )}</table>
      `}<details>
      <summary>JSON Schema</summary>
      <pre>${JSON.stringify(schema, null, 2)}</pre>
    </details>
  `;
}

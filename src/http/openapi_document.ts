import type { Role } from "../contracts/identifiers.ts";
import { errorBodySchema } from "../contracts/error_body.ts";
import type { JsonSchema } from "../contracts/tool.ts";
import { VERSION } from "../version.ts";
import {
  componentSchemas,
  inlineSchema,
  schemaPath,
  type SchemaSide,
} from "./component_schemas.ts";
import type {
  DescribedAnswer,
  DescribedBody,
  DescribedHeader,
  NamedSchema,
  RouteDescription,
} from "./route_description.ts";

/** A parameter of an operation in a document of OpenAPI. */
export interface OpenApiParameter {
  in: "path" | "query" | "header";
  name: string;
  required: boolean;
  description?: string;
  schema: JsonSchema;
}

/** What is sent, by media type. */
export type OpenApiContent = Record<string, { schema: JsonSchema }>;

/** One answer, so far as it is no reference. */
export interface OpenApiAnswer {
  description: string;
  headers?: Record<string, { description: string; required: boolean; schema: JsonSchema }>;
  content?: OpenApiContent;
}

/** One method of one path. */
export interface OpenApiOperation {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  parameters?: OpenApiParameter[];
  requestBody?: { required: boolean; content: OpenApiContent };
  responses: Record<string, { $ref: string } | OpenApiAnswer>;
  security?: Record<string, string[]>[];
}

/** A document of OpenAPI 3.1, so far as rbee's has it. See https://spec.openapis.org/oas/v3.1.1. */
export interface OpenApiDocument {
  openapi: string;
  info: { title: string; version: string; description: string; license: Record<string, string> };
  tags: { name: string }[];
  security: Record<string, string[]>[];
  paths: Record<string, Record<string, OpenApiOperation>>;
  components: {
    schemas: Record<string, JsonSchema>;
    responses: Record<string, { description: string; content: OpenApiContent }>;
    securitySchemes: Record<string, Record<string, string>>;
  };
}

const ERROR: NamedSchema = { name: "Error", schema: errorBodySchema };
const JSON_TYPE = "application/json";
// Those of OpenAPI; what takes any method takes others too.
const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/** Makes the document of a role from what describes its routes, in their order. */
export function openApiDocument(
  role: Role,
  routes: readonly RouteDescription[],
): OpenApiDocument {
  const sent = routes.flatMap(({ body }) => body?.schemas ?? []);
  const answered = routes.flatMap(({ answers }) =>
    Object.values(answers).flatMap(({ content = {} }) =>
      Object.values(content).filter((schema) => typeof schema !== "string")
    )
  );
  const paths: OpenApiDocument["paths"] = {};
  for (const route of routes) {
    const methods = route.method === "all" ? METHODS : [route.method];
    const item = paths[route.path] ??= {};
    for (const method of methods) item[method] = operationOf(route, method);
  }
  return {
    openapi: "3.1.1",
    info: {
      title: `rbee ${role}`,
      version: VERSION,
      description: `What a ${role} of rbee answers. Errors have one form on every route.`,
      license: { name: "MIT", identifier: "MIT" },
    },
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    // Only a role that was started with a token asks for it.
    security: [{}, { token: [] }],
    paths,
    components: {
      schemas: {
        ...componentsOf(sent, "input"),
        ...componentsOf([ERROR, ...answered], "output"),
      },
      responses: {
        Error: { description: "An error", content: { [JSON_TYPE]: { schema: refTo(ERROR) } } },
      },
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
    },
  };
}

function operationOf(route: RouteDescription, method: string): OpenApiOperation {
  const { path, tag, summary, description, body } = route;
  const parameters = parametersOf(route);
  return {
    operationId: `${method}_${path.replaceAll(/[^a-z0-9]+/gi, "_").replaceAll(/^_|_$/g, "")}`,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && {
      requestBody: { required: true, content: { [body.type ?? JSON_TYPE]: bodyOf(body) } },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(route.answers).map(([status, answer]) => [status, answerOf(answer)]),
      ),
      default: { $ref: "#/components/responses/Error" },
    },
    // Who watches over a process has no token of it.
    ...(path === "/health" && { security: [] }),
  };
}

function answerOf({ description, headers, content }: DescribedAnswer): OpenApiAnswer {
  return {
    description,
    ...(headers !== undefined && { headers: headersOf(headers) }),
    ...(content !== undefined && { content: contentOf(content) }),
  };
}

function headersOf(headers: readonly DescribedHeader[]): NonNullable<OpenApiAnswer["headers"]> {
  return Object.fromEntries(
    headers.map(({ name, description, schema }) => [name, {
      description,
      required: true,
      schema: inlineSchema(schema, "output"),
    }]),
  );
}

function parametersOf({ path, parameters = [] }: RouteDescription): OpenApiParameter[] {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    in: "path" as const,
    name: name!,
    required: true,
    schema: { type: "string" },
  }));
  const others = parameters.map(({ schema, required = false, ...rest }) => ({
    ...rest,
    required,
    schema: inlineSchema(schema, "input"),
  }));
  return [...inPath, ...others];
}

function bodyOf({ schemas }: DescribedBody): { schema: JsonSchema } {
  const [first, ...more] = schemas;
  if (first === undefined) return { schema: {} };
  if (more.length === 0) return { schema: refTo(first) };
  return { schema: { oneOf: schemas.map(refTo) } };
}

function contentOf(content: Readonly<Record<string, NamedSchema | "text" | "bytes">>) {
  return Object.fromEntries(
    Object.entries(content).map(([type, schema]) => [type, {
      // Bytes have no JSON Schema: in OpenAPI 3.1 they are what says nothing.
      schema: schema === "bytes" ? {} : schema === "text" ? { type: "string" } : refTo(schema),
    }]),
  );
}

/** Each name once. */
function componentsOf(schemas: readonly NamedSchema[], side: SchemaSide) {
  const byName = new Map(schemas.map((named) => [named.name, named]));
  return componentSchemas([...byName.values()], side);
}

function refTo({ name }: NamedSchema): JsonSchema {
  return { $ref: schemaPath(name) };
}

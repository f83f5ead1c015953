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
    responses: Record<string, OpenApiAnswer>;
    securitySchemes: Record<string, Record<string, string>>;
  };
}

const ERROR: NamedSchema = { name: "Error", schema: errorBodySchema };
const JSON_TYPE = "application/json";
const TOKEN_SCHEME = {
  type: "http",
  scheme: "bearer",
  bearerFormat: "rbee_…",
  description:
    "A token that rbee token create has made. One of the role admin may use every route, " +
    "one of the role infer those that say so, and of jobs its own.",
};
const RETRY_AFTER = {
  description: "When to ask again, in seconds",
  required: true,
  schema: { type: "integer", minimum: 1 },
};
const REFUSALS = [
  {
    status: 408,
    name: "BodyTooSlow",
    ofBodies: true,
    answer: errorAnswer("body_too_slow: the body has taken longer than it may"),
  },
  {
    status: 413,
    name: "BodyTooLarge",
    ofBodies: true,
    answer: errorAnswer("body_too_large: the body has more than 8 MiB"),
  },
  {
    status: 429,
    name: "TooMany",
    ofBodies: false,
    answer: {
      ...errorAnswer(
        "rate_limit_exceeded: the token, or an address without a right one, asks too often; " +
          "too_many_streams, too_many_jobs, too_many_bodies: the token has as many as it may have",
      ),
      headers: { "Retry-After": RETRY_AFTER },
    },
  },
] as const;
const FOR_WHOM = { infer: "A token of the role infer will do.", open: "Needs no token." } as const;
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
    for (const method of methods) item[method] = operationOf(role, route, method);
  }
  return {
    openapi: "3.1.1",
    info: {
      title: `rbee ${role}`,
      version: VERSION,
      description:
        `What a ${role} of rbee answers. Errors have one form on every route. Where a token is needed, ` +
        "it is shown as Authorization: Bearer.",
      license: { name: "MIT", identifier: "MIT" },
    },
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
    // On its machine's own addresses alone a role asks for none, unless it was told to.
    security: [{}, { token: ["admin"] }],
    paths,
    components: {
      schemas: {
        ...componentsOf(sent, "input"),
        ...componentsOf([ERROR, ...answered], "output"),
      },
      responses: {
        Error: errorAnswer("An error"),
        ...Object.fromEntries(REFUSALS.map(({ name, answer }) => [name, answer])),
      },
      securitySchemes: { token: TOKEN_SCHEME },
    },
  };
}

function operationOf(role: Role, route: RouteDescription, method: string): OpenApiOperation {
  const { path, tag, summary, body, access } = route;
  const forWhom = access && FOR_WHOM[access];
  const description = [route.description, forWhom].filter((part) => part !== undefined).join(" ");
  const parameters = parametersOf(route);
  return {
    operationId: `${method}_${path.replaceAll(/[^a-z0-9]+/gi, "_").replaceAll(/^_|_$/g, "")}`,
    tags: [tag],
    summary,
    ...(description !== "" && { description }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && {
      requestBody: { required: true, content: { [body.type ?? JSON_TYPE]: bodyOf(body) } },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(route.answers).map(([status, answer]) => [status, answerOf(answer)]),
      ),
      ...refusalsOf(role, route),
      default: { $ref: "#/components/responses/Error" },
    },
    ...(access === "open" && { security: [] }),
    ...(access === "infer" && { security: [{}, { token: ["admin"] }, { token: ["infer"] }] }),
  };
}

/** What any route may refuse, and one with a body besides. */
function refusalsOf(
  role: Role,
  { body, method }: RouteDescription,
): OpenApiOperation["responses"] {
  const hasBody = body !== undefined || method === "all";
  return Object.fromEntries(
    // A worker answers its hive alone, and counts nothing.
    REFUSALS.filter(({ ofBodies }) => ofBodies ? hasBody : role !== "worker")
      .map(({ status, name }) => [status, { $ref: `#/components/responses/${name}` }]),
  );
}

function errorAnswer(description: string): OpenApiAnswer {
  return { description, content: { [JSON_TYPE]: { schema: refTo(ERROR) } } };
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

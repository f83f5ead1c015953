import { Validator } from "@seriousme/openapi-schema-validator";
import type { Hono } from "hono";
import { inspectRoutes } from "hono/dev";
import assert from "node:assert/strict";
import type { OpenApiDocument } from "../../src/http/openapi_document.ts";

/** What a role registered, and what its document says of it, as `GET /v1/jobs/{id}`. */
export interface RoleRoutes {
  registered: string[];
  described: string[];
}

/** Any method: OpenAPI has no word for it and names each. */
const ANY = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

/** Reads both, in the order of the alphabet, each once. */
export function roleRoutes(app: Hono, document: OpenApiDocument): RoleRoutes {
  const registered = inspectRoutes(app).filter(({ isMiddleware }) => !isMiddleware)
    .flatMap(({ method, path }) =>
      (method === "ALL" ? ANY : [method]).map((each) => `${each} ${templateOf(path)}`)
    );
  const described = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`)
  );
  return { registered: sorted(registered), described: sorted(described) };
}

/**
 * Asks a role for its document, and checks that it is one of OpenAPI 3.1 in which every reference leads
 * somewhere.
 */
export async function validDocument(url: string): Promise<OpenApiDocument> {
  const response = await fetch(`${url}/openapi.json`);
  assert.equal(response.status, 200, await response.clone().text());
  const document = await response.json() as OpenApiDocument;
  const validator = new Validator();
  const { valid, errors } = await validator.validate({ ...structuredClone(document) });
  assert.ok(valid, JSON.stringify(errors, null, 2));
  assert.equal(validator.version, "3.1");
  for (const ref of references(document)) {
    assert.match(ref, /^#\/components\/(schemas|responses)\/\w+$/);
    const [, , kind, name] = ref.split("/") as [string, string, "schemas" | "responses", string];
    assert.ok(Object.hasOwn(document.components[kind], name), `${ref} leads nowhere`);
  }
  return document;
}

/** The form in which OpenAPI writes a path of hono's. */
function templateOf(path: string): string {
  return path.replaceAll(/:(\w+)(\{[^}]+\})?/g, "{$1}").replace(/\*$/, "{path}");
}

function references(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    name === "$ref" && typeof member === "string" ? [member] : references(member)
  );
}

function sorted(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}

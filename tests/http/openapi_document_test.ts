import assert from "node:assert/strict";
import { z } from "zod";
import { jsonValueSchema } from "../../src/contracts/json_value.ts";
import { openApiDocument, type OpenApiOperation } from "../../src/http/openapi_document.ts";
import type { RouteDescription } from "../../src/http/route_description.ts";

const bee = { name: "Bee", schema: z.object({ name: z.string(), legs: z.int().default(6) }) };
const flight = { name: "Flight", schema: z.object({ bee: bee.schema, load: jsonValueSchema }) };

const SEND_BEE: RouteDescription = {
  method: "post",
  path: "/v1/bees/{id}",
  tag: "Bees",
  summary: "Send a bee",
  parameters: [
    { in: "query", name: "wait", description: "Whether it waits", schema: z.boolean() },
    { in: "query", name: "to", description: "Where", schema: z.string(), required: true },
  ],
  body: { schemas: [{ name: "NewBee", schema: z.strictObject(bee.schema.shape) }] },
  answers: { 201: { description: "It flies", content: { "application/json": flight } } },
};

function operation(route: RouteDescription): OpenApiOperation {
  return openApiDocument("hive", [route]).paths[route.path]![route.method]!;
}

Deno.test("openApiDocument() says whose token each route takes, and that open ones need none", () => {
  const { security, components } = openApiDocument("queen", [SEND_BEE]);
  assert.deepEqual(security, [{}, { token: ["admin"] }]);
  assert.equal(components.securitySchemes["token"]?.["scheme"], "bearer");
  assert.match(components.securitySchemes["token"]?.["description"] ?? "", /rbee token create/);
  assert.equal(operation(SEND_BEE).security, undefined);
  const open = operation({ ...SEND_BEE, access: "infer" });
  assert.deepEqual(open.security, [{}, { token: ["admin"] }, { token: ["infer"] }]);
  assert.equal(open.description, "A token of the role infer will do.");
  assert.deepEqual(operation({ ...SEND_BEE, access: "open" }).security, []);
});

Deno.test("openApiDocument() names the parts of a path, and says which parameters must be", () => {
  assert.deepEqual(operation(SEND_BEE).parameters?.map(({ name, required }) => [name, required]), [
    ["id", true],
    ["wait", false],
    ["to", true],
  ]);
});

Deno.test("openApiDocument() refers to a schema that stands in another", () => {
  const route = {
    ...SEND_BEE,
    answers: {
      ...SEND_BEE.answers,
      200: {
        description: "It is here",
        content: { "application/json": bee },
      },
    },
  };
  const { schemas } = openApiDocument("hive", [route]).components;
  const { properties } = schemas["Flight"] as { properties: Record<string, unknown> };
  assert.deepEqual(properties, {
    bee: { $ref: "#/components/schemas/Bee" },
    load: { $ref: "#/components/schemas/JsonValue" },
  });
});

Deno.test("openApiDocument() has requests as they are written, and answers as they come", () => {
  const route = {
    ...SEND_BEE,
    answers: {
      200: {
        description: "It is here",
        content: { "application/json": bee },
      },
    },
  };
  const { schemas } = openApiDocument("hive", [route]).components;
  assert.deepEqual(schemas["NewBee"]?.["required"], ["name"], "what has a default may be left out");
  assert.deepEqual(schemas["Bee"]?.["required"], ["name", "legs"], "an answer has it in any case");
  assert.equal(schemas["NewBee"]?.["additionalProperties"], false);
  assert.ok(!("additionalProperties" in schemas["Bee"]!), "a later version may answer more");
});

Deno.test("openApiDocument() gives every route the one form of errors", () => {
  assert.deepEqual(operation(SEND_BEE).responses["default"], {
    $ref: "#/components/responses/Error",
  });
});

Deno.test("openApiDocument() gives a route of any method one operation a method, with its own id", () => {
  const { paths } = openApiDocument("hive", [{ ...SEND_BEE, method: "all" }]);
  const ids = Object.values(paths["/v1/bees/{id}"]!).map(({ operationId }) => operationId);
  assert.equal(ids.length, 8);
  assert.equal(new Set(ids).size, 8);
});

Deno.test("openApiDocument() says which headers an answer has", () => {
  const headers = [{ name: "X-Bee", description: "Which bee flies", schema: z.uuid() }];
  const route = { ...SEND_BEE, answers: { 201: { description: "It flies", headers } } };
  const { 201: answer } = operation(route).responses;
  assert.ok(answer !== undefined && "headers" in answer);
  const { description, schema } = answer.headers!["X-Bee"]!;
  assert.equal(description, "Which bee flies");
  assert.equal(schema["format"], "uuid");
  const { 201: without } = operation(SEND_BEE).responses;
  assert.ok(!("headers" in without!));
});

Deno.test("openApiDocument() says of every route what limits answer, and of those with a body what bounds it", () => {
  const document = openApiDocument("hive", [
    { method: "get", path: "/v1/wax", tag: "x", summary: "x", answers: {} },
    { method: "post", path: "/v1/wax", tag: "x", summary: "x", body: { schemas: [] }, answers: {} },
  ]);
  const { get, post } = document.paths["/v1/wax"]!;
  assert.deepEqual(Object.keys(get!.responses), ["429", "default"]);
  assert.deepEqual(Object.keys(post!.responses), ["408", "413", "429", "default"]);
  assert.deepEqual(post!.responses["429"], { $ref: "#/components/responses/TooMany" });
  const tooMany = document.components.responses["TooMany"];
  assert.deepEqual(Object.keys(tooMany?.headers ?? {}), ["Retry-After"]);
});

Deno.test("openApiDocument() says nothing of limits for a worker, which has none", () => {
  const route = { method: "get", path: "/v1/wax", tag: "x", summary: "x", answers: {} } as const;
  const { get } = openApiDocument("worker", [route]).paths["/v1/wax"]!;
  assert.deepEqual(Object.keys(get!.responses), ["default"]);
});

import assert from "node:assert/strict";
import { routesWith } from "../../src/http/access_routes.ts";
import type { RouteDescription } from "../../src/http/route_description.ts";

function route(method: RouteDescription["method"], path: string, access?: "infer" | "open") {
  return { method, path, tag: "", summary: "", answers: {}, access };
}

const ROUTES = [
  route("get", "/v1/models/{id}", "infer"),
  route("post", "/v1/jobs", "infer"),
  route("get", "/v1/jobs/{id}/stream", "infer"),
  route("get", "/openapi.json", "infer"),
  route("get", "/v1/files/{path}", "infer"),
  route("get", "/v1/workers/{id}"),
  route("all", "/v1/proxy/{path}"),
  route("get", "/", "open"),
  route("get", "/jobs/{id}", "open"),
];
const isForInfer = routesWith("infer", ROUTES);
const isOpen = routesWith("open", ROUTES);

const CASES: [method: string, path: string, open: boolean][] = [
  ["GET", "/v1/models/hf:bees/honey", true],
  ["GET", "/v1/models/", false],
  ["GET", "/v1/modelsx", false],
  ["POST", "/v1/jobs", true],
  ["POST", "/v1/jobs/", false],
  ["GET", "/v1/jobs", false],
  ["PUT", "/v1/jobs", false],
  ["GET", "/v1/jobs/job-1/stream", true],
  ["HEAD", "/v1/jobs/job-1/stream", true],
  ["GET", "/v1/jobs/a/b/stream", false],
  ["GET", "/v1/jobs/job-1/stream/x", false],
  ["GET", "/x/v1/jobs/job-1/stream", false],
  ["GET", "/v1/files/a/b", true],
  ["GET", "/openapi.json", true],
  ["GET", "/openapixjson", false],
  ["GET", "/v1/workers/1", false],
  ["GET", "/v1/proxy/x", false],
  ["all", "/v1/proxy/x", false],
  ["GET", "/", false],
];

for (const [method, path, open] of CASES) {
  Deno.test(`a token of the role infer ${open ? "may" : "may not"} ask ${method} ${path}`, () => {
    assert.equal(isForInfer(method, path), open);
  });
}

for (
  const [method, path, open] of [
    ["GET", "/", true],
    ["HEAD", "/", true],
    ["POST", "/", false],
    ["GET", "//", false],
    ["GET", "/jobs/job-1", true],
    ["GET", "/jobs/", false],
    ["GET", "/jobs/job-1/stream", false],
    ["GET", "/v1/jobs/job-1/stream", false],
    ["POST", "/v1/jobs", false],
    ["GET", "/v1/workers/1", false],
  ] as const
) {
  Deno.test(`${method} ${path} ${open ? "needs no token" : "is not open"}`, () => {
    assert.equal(isOpen(method, path), open);
  });
}

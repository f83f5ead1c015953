import assert from "node:assert/strict";
import { inferRoutes } from "../../src/http/infer_routes.ts";
import type { RouteDescription } from "../../src/http/route_description.ts";

function route(method: RouteDescription["method"], path: string, access?: "infer") {
  return { method, path, tag: "", summary: "", answers: {}, access };
}

const isForInfer = inferRoutes([
  route("get", "/v1/models/{id}", "infer"),
  route("post", "/v1/jobs", "infer"),
  route("get", "/v1/jobs/{id}/stream", "infer"),
  route("get", "/openapi.json", "infer"),
  route("get", "/v1/files/{path}", "infer"),
  route("get", "/v1/workers/{id}"),
  route("all", "/v1/proxy/{path}"),
]);

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
];

for (const [method, path, open] of CASES) {
  Deno.test(`a token of the role infer ${open ? "may" : "may not"} ask ${method} ${path}`, () => {
    assert.equal(isForInfer(method, path), open);
  });
}

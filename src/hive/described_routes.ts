import { z } from "zod";
import { storedModelListSchema } from "../contracts/model.ts";
import { hiveTelemetrySchema } from "../contracts/telemetry.ts";
import { workerListSchema } from "../contracts/worker.ts";
import type { RouteDescription } from "../http/route_description.ts";
import { CURSOR_PARAMETERS, EVENT_STREAM } from "../jobs/described_routes.ts";

const taken = { name: "Taken", schema: z.object({ bytes: z.number().int().nonnegative() }) };

/** The routes that only a hive has. */
export const HIVE_ROUTES: readonly RouteDescription[] = [
  {
    method: "get",
    path: "/v1/models",
    tag: "Models",
    summary: "The models on its disk",
    answers: {
      200: {
        description: "The models",
        content: { "application/json": { name: "StoredModelList", schema: storedModelListSchema } },
      },
    },
  },
  {
    method: "get",
    path: "/v1/models/files/{path}",
    tag: "Models",
    summary: "A file of a model",
    parameters: [{
      in: "header",
      name: "Range",
      description: "One range, both ends given: bytes=0-1023",
      schema: z.string(),
    }],
    answers: {
      200: { description: "The file", content: { "application/octet-stream": "bytes" } },
      206: { description: "The range", content: { "application/octet-stream": "bytes" } },
      416: { description: "The file does not reach so far" },
    },
  },
  {
    method: "put",
    path: "/v1/models/files/{path}",
    tag: "Models",
    summary: "A block of a file that the hive was made ready to be sent",
    parameters: [{
      in: "query",
      name: "offset",
      description: "Where the block begins, in bytes",
      required: true,
      schema: z.number().int().min(0),
    }],
    body: { type: "application/octet-stream", schemas: [] },
    answers: { 200: { description: "It is kept", content: { "application/json": taken } } },
  },
  {
    method: "get",
    path: "/v1/workers",
    tag: "Workers",
    summary: "Its workers",
    answers: {
      200: {
        description: "The workers",
        content: { "application/json": { name: "WorkerList", schema: workerListSchema } },
      },
    },
  },
  {
    method: "get",
    path: "/v1/workers/{id}/log",
    tag: "Workers",
    summary: "What a worker says, also one that has ended",
    parameters: [...CURSOR_PARAMETERS, {
      in: "query",
      name: "follow",
      description: "false: what there is now alone",
      schema: z.enum(["true", "false"]),
    }],
    answers: { 200: { description: "An event stream", content: EVENT_STREAM } },
  },
  {
    method: "all",
    path: "/v1/workers/{id}/proxy/{path}",
    tag: "Workers",
    summary: "Pass a request on to a worker, unchanged",
    answers: { 200: { description: "What the worker answers", content: { "*/*": "bytes" } } },
  },
  {
    method: "get",
    path: "/v1/telemetry/stream",
    tag: "Telemetry",
    summary: "How its workers and devices are, at each beat and at each change",
    answers: {
      200: {
        description: "An event stream of telemetry events",
        content: { "text/event-stream": { name: "Telemetry", schema: hiveTelemetrySchema } },
      },
    },
  },
];

import { hiveListSchema } from "../contracts/hive.ts";
import { queenTelemetrySchema } from "../contracts/telemetry.ts";
import { workerListSchema } from "../contracts/worker.ts";
import type { RouteDescription } from "../http/route_description.ts";
import { CURSOR_PARAMETERS, EVENT_STREAM } from "../jobs/described_routes.ts";
import { OPENAI_ROUTES } from "./openai/described_routes.ts";

/** The routes that only the queen has. */
export const QUEEN_ROUTES: readonly RouteDescription[] = [
  ...OPENAI_ROUTES,
  {
    method: "get",
    path: "/v1/hives",
    tag: "Hives",
    summary: "The hives that she knows",
    answers: {
      200: {
        description: "The hives",
        content: { "application/json": { name: "HiveList", schema: hiveListSchema } },
      },
    },
  },
  {
    method: "get",
    path: "/v1/workers",
    tag: "Workers",
    summary: "The workers of all hives",
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
    parameters: CURSOR_PARAMETERS,
    answers: { 200: { description: "An event stream", content: EVENT_STREAM } },
  },
  {
    method: "get",
    path: "/v1/telemetry/stream",
    tag: "Telemetry",
    summary: "How hives and workers are, at each beat and at each change",
    answers: {
      200: {
        description: "An event stream of telemetry events",
        content: { "text/event-stream": { name: "Telemetry", schema: queenTelemetrySchema } },
      },
    },
  },
];

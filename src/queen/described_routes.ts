import { z } from "zod";
import { hiveListSchema } from "../contracts/hive.ts";
import { jobIdSchema } from "../contracts/identifiers.ts";
import { jobEventSchema } from "../contracts/job_event.ts";
import { queenTelemetrySchema } from "../contracts/telemetry.ts";
import {
  historySchema,
  jobSummariesSchema,
  jobSummarySchema,
  sampleSchema,
  viewerSchema,
} from "../contracts/watch.ts";
import { workerListSchema } from "../contracts/worker.ts";
import type { RouteDescription } from "../http/route_description.ts";
import { CURSOR_PARAMETERS, EVENT_STREAM } from "../jobs/described_routes.ts";
import { PAGE_ROUTES } from "./described_page_routes.ts";
import { OPENAI_ROUTES } from "./openai/described_routes.ts";

/** What the data of an event of a watch is, in the order in which their first come. */
const watchEventSchema = z.union([
  viewerSchema,
  queenTelemetrySchema,
  historySchema,
  sampleSchema,
  jobSummariesSchema,
  jobSummarySchema,
  jobEventSchema,
]);

/** The routes that only the queen has. */
export const QUEEN_ROUTES: readonly RouteDescription[] = [
  ...OPENAI_ROUTES,
  ...PAGE_ROUTES,
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
  {
    method: "get",
    path: "/v1/watch",
    tag: "Telemetry",
    access: "infer",
    summary: "All that goes on, and the events of one job, in one stream",
    description: "First viewer; for who may do everything telemetry, and history, followed by a " +
      "sample every 5 s; then jobs, followed by job at each change of one; and the events of the " +
      "job that is named, which alone have an id. The stream goes on when that job has ended.",
    parameters: [
      { in: "query", name: "job", description: "The job to follow", schema: jobIdSchema },
      ...CURSOR_PARAMETERS,
    ],
    answers: {
      200: {
        description: "An event stream",
        content: { "text/event-stream": { name: "WatchEvent", schema: watchEventSchema } },
      },
    },
  },
];

import { z } from "zod";
import { healthSchema } from "../contracts/health.ts";
import type { RouteDescription } from "./route_description.ts";

const health = { "application/json": { name: "Health", schema: healthSchema } };
const stopping = { name: "Stopping", schema: z.object({ status: z.literal("stopping") }) };
const document = { name: "OpenApi", schema: z.looseObject({ openapi: z.string() }) };

/** The routes that every role has beside its jobs. */
export const COMMON_ROUTES: readonly RouteDescription[] = [
  {
    method: "get",
    path: "/health",
    tag: "Role",
    summary: "How the role is",
    access: "open",
    answers: {
      200: { description: "It is ready", content: health },
      503: { description: "It starts or stops", content: health },
    },
  },
  {
    method: "post",
    path: "/v1/shutdown",
    tag: "Role",
    summary: "Have the role stop",
    description: "It takes no more jobs, ends what runs after its grace period, and exits.",
    answers: { 202: { description: "It stops", content: { "application/json": stopping } } },
  },
  {
    method: "get",
    path: "/metrics",
    tag: "Role",
    summary: "Figures of the role",
    description: "In Prometheus's text format; a hive's have those of its workers.",
    answers: {
      200: { description: "The figures as they are now", content: { "text/plain": "text" } },
    },
  },
  {
    method: "get",
    path: "/openapi.json",
    tag: "Documents",
    summary: "This document",
    answers: {
      200: { description: "OpenAPI 3.1", content: { "application/json": document } },
    },
  },
  {
    method: "get",
    path: "/docs",
    tag: "Documents",
    summary: "This document as a page",
    answers: { 200: { description: "A page without scripts", content: { "text/html": "text" } } },
  },
];

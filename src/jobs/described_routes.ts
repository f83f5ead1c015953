import { z } from "zod";
import { correlationIdSchema, jobIdSchema } from "../contracts/identifiers.ts";
import {
  cancelAnswerSchema,
  jobListSchema,
  jobStateSchema,
  jobViewSchema,
  submitAnswerSchema,
  submitOptionsSchema,
} from "../contracts/job.ts";
import { jobEventSchema } from "../contracts/job_event.ts";
import type {
  DescribedHeader,
  DescribedParameter,
  NamedSchema,
  RouteDescription,
} from "../http/route_description.ts";
import type { OperationHandlers } from "./operation_handler.ts";

const tag = "Jobs";
const json = (name: string, schema: z.ZodType) => ({ "application/json": { name, schema } });
const job = { name: "Job", schema: jobViewSchema };

/** Where a stream is taken up again. */
export const CURSOR_PARAMETERS: readonly DescribedParameter[] = [
  {
    in: "header",
    name: "Last-Event-ID",
    description: "Resumes after this event; it beats after",
    schema: z.string(),
  },
  {
    in: "query",
    name: "after",
    description: "Resumes after this event",
    schema: z.number().int().min(0),
  },
];

/** How the stream of a job is given. */
const STREAM_PARAMETERS: readonly DescribedParameter[] = [...CURSOR_PARAMETERS, {
  in: "query",
  name: "format",
  description: "text: the plain dialect, for people",
  schema: z.enum(["text", "events"]),
}];

/** The id that ties the jobs of one request together. */
export const CORRELATION_PARAMETER: DescribedParameter = {
  in: "header",
  name: "X-Correlation-Id",
  description: "Kept, answered, and carried through every hop; a new one where it is absent",
  schema: correlationIdSchema,
};

/** What an answer says of the job that it is of. */
export const JOB_HEADERS: readonly DescribedHeader[] = [
  { name: "X-Rbee-Job-Id", description: "The id of the job", schema: jobIdSchema },
  {
    name: "X-Correlation-Id",
    description: "What ties it to the other jobs of one request",
    schema: correlationIdSchema,
  },
];

/** An answer that is a stream of the events of a log. */
export const EVENT_STREAM = {
  "text/event-stream": { name: "JobEvent", schema: jobEventSchema },
};

/** The routes of jobs; what a submit may hold are the operations of the role. */
export function describeJobRoutes(handlers: OperationHandlers): RouteDescription[] {
  const isForInfer = Object.values(handlers).some(({ permitInfer }) => permitInfer !== undefined);
  // A token of the role infer reaches its own jobs alone, where it can have any.
  const access = isForInfer ? "infer" as const : undefined;
  return [
    {
      method: "post",
      path: "/v1/jobs",
      tag,
      access,
      summary: "Submit an operation, which runs at once",
      description: "Any submit may carry job_id, so that a repeat is the same job, and " +
        "unwatched_limit_ms, after which without a reader it is cancelled.",
      parameters: [
        CORRELATION_PARAMETER,
        {
          in: "query",
          name: "stream",
          description: "Whether the answer is the job's stream",
          schema: z.boolean().default(false),
        },
        ...STREAM_PARAMETERS,
      ],
      body: { schemas: Object.entries(handlers).map(submitSchema) },
      answers: {
        200: {
          description: "It runs, and these are its events",
          headers: JOB_HEADERS,
          content: EVENT_STREAM,
        },
        202: {
          description: "It runs",
          headers: JOB_HEADERS,
          content: json("Submitted", submitAnswerSchema),
        },
      },
    },
    {
      method: "get",
      path: "/v1/jobs",
      tag,
      access,
      summary: "The jobs, newest first",
      parameters: [
        { in: "query", name: "state", description: "Of this state alone", schema: jobStateSchema },
        {
          in: "query",
          name: "limit",
          description: "So many at most",
          schema: z.number().int().min(1),
        },
        {
          in: "query",
          name: "results",
          description: "Whether with their results and the details of their errors, " +
            "which can be large",
          schema: z.boolean().default(true),
        },
      ],
      answers: {
        200: {
          description: "The jobs",
          content: json("JobList", jobListSchema),
        },
      },
    },
    {
      method: "get",
      path: "/v1/jobs/{id}",
      tag,
      access,
      summary: "One job",
      answers: { 200: { description: "The job", content: { "application/json": job } } },
    },
    {
      method: "delete",
      path: "/v1/jobs/{id}",
      tag,
      access,
      summary: "Cancel a job",
      description: "Its stream ends with cancelled when all that it started is gone.",
      answers: {
        202: {
          description: "It is being cancelled",
          content: json("Cancelling", cancelAnswerSchema),
        },
      },
    },
    {
      method: "get",
      path: "/v1/jobs/{id}/stream",
      tag,
      access,
      summary: "The events of a job, from its first to its last",
      description:
        "In the typed dialect the type of an event is its name in the stream (event:), " +
        "its seq the id.",
      parameters: STREAM_PARAMETERS,
      answers: { 200: { description: "An event stream", content: EVENT_STREAM } },
    },
  ];
}

/** An operation as it is submitted, with what any submit may carry. */
function submitSchema([operation, { schema }]: [string, { schema: z.ZodType }]): NamedSchema {
  const name = operation.replaceAll(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
  return {
    name: `${name}Operation`,
    schema: schema instanceof z.ZodObject ? schema.safeExtend(submitOptionsSchema.shape) : schema,
  };
}

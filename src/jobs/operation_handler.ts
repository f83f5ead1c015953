import type { z } from "zod";
import type { Job, JobResult } from "./job.ts";
import type { JobLimit } from "./job_runner.ts";

/** One operation of a role: what a request must fit, how long it may take, and the work. */
export interface OperationHandler {
  schema: z.ZodType;
  limit: JobLimit;
  run(request: unknown, job: Job): Promise<JobResult>;
  /**
   * Called before a job is made; what it throws is the answer to the submit.
   *
   * @throws {RbeeError} `queue_full` If there is no room for another.
   */
  admit?: ((request: unknown) => void) | undefined;
  /**
   * Whether a token of the role `infer` may submit it: not where this is missing, nor where it throws.
   *
   * @throws {RbeeError} `forbidden` If the request names what such a token may not name.
   */
  permitInfer?: ((request: unknown) => void) | undefined;
}

/** The operations of a role by name. */
export type OperationHandlers = Record<string, OperationHandler>;

/** Ties the type of the work to its schema. */
export function operation<S extends z.ZodType>(
  schema: S,
  limit: JobLimit,
  run: (request: z.infer<S>, job: Job) => Promise<JobResult>,
  options: {
    admit?: (request: z.infer<S>) => void;
    permitInfer?: (request: z.infer<S>) => void;
  } = {},
): OperationHandler {
  const { admit, permitInfer } = options;
  return {
    schema,
    limit,
    run: (request, job) => run(request as z.infer<S>, job),
    ...(admit && { admit: (request: unknown) => admit(request as z.infer<S>) }),
    ...(permitInfer && {
      permitInfer: (request: unknown) => permitInfer(request as z.infer<S>),
    }),
  };
}

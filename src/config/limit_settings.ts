import { z } from "zod";
import { accessTokenNameSchema } from "../contracts/access_token.ts";
import { durationSchema } from "./duration.ts";

/** In place of a number: no limit. */
const NONE = 0;

const requestsPerSecond = z.number().min(0).max(1_000_000);
const burst = z.number().int().min(1).max(1_000_000);
const count = z.number().int().min(0).max(1_000_000);
const PER_SECOND = "Requests a second; 0: without limit";
const BURST = "How many requests may come at once";
const STREAMS = "How many event streams may be open; 0: without limit";
const JOBS = "How many jobs may be without an end; 0: without limit";
const BODIES = "How many requests may be without their whole body; 0: without limit";

const tokenLimits = (
  perSecond: number,
  [streams, jobs, bodies]: readonly [streams: number, jobs: number, bodies: number],
) =>
  z.strictObject({
    requests_per_second: requestsPerSecond.default(perSecond).describe(PER_SECOND),
    burst: burst.default(100).describe(BURST),
    streams: count.default(streams).describe(STREAMS),
    jobs: count.default(jobs).describe(JOBS),
    bodies: count.default(bodies).describe(BODIES),
  }).prefault({});

/** What rbee.yaml says of requests, the same for queen and hive. */
export const requestLimitsSchema = z.strictObject({
  /** In milliseconds when it is read. */
  body_time: durationSchema.prefault("30s").describe(
    "How long a body may take to come, longer while it brings 16 KiB a second: a time such as 30s or 1m; 0: without limit",
  ),
  infer: tokenLimits(50, [64, 64, 32]).describe("What each token of the role infer may do"),
  admin: tokenLimits(NONE, [NONE, NONE, NONE]).describe("What each token of the role admin may do"),
  tokens: z.record(
    accessTokenNameSchema,
    z.strictObject({
      requests_per_second: requestsPerSecond.optional().describe(PER_SECOND),
      burst: burst.optional().describe(BURST),
      streams: count.optional().describe(STREAMS),
      jobs: count.optional().describe(JOBS),
      bodies: count.optional().describe(BODIES),
    }),
  ).default({}).describe("By a token's name, what it may do in place of what its role may"),
  refused: z.strictObject({
    requests_per_second: requestsPerSecond.default(100).describe(PER_SECOND),
    burst: burst.default(1000).describe(BURST),
  }).prefault({}).describe(
    "How often one address may be refused for want of a right token, or ask for what needs none",
  ),
});

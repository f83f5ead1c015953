import assert from "node:assert/strict";
import { v4, v7 } from "uuid";
import {
  correlationIdSchema,
  instanceSchema,
  jobIdSchema,
  roleSchema,
  timestampSchema,
  workerIdSchema,
} from "../../src/contracts/identifiers.ts";
import { assertAccepts, assertRefuses } from "../helpers/schema_table.ts";

const V7 = "0197c0de-0000-7000-8000-00000000abcd";

Deno.test("jobIdSchema takes job- and a UUIDv7 in lower case", () => {
  assertAccepts(jobIdSchema, [`job-${V7}`, `job-${v7()}`]);
});

Deno.test("jobIdSchema refuses any other id", () => {
  assertRefuses(jobIdSchema, [
    V7,
    `job-${v4()}`,
    `job-${V7.toUpperCase()}`,
    `JOB-${V7}`,
    `job-${V7} `,
    `job-${V7}\n`,
    `job-${V7}/stream`,
    `job-../../../etc/passwd`,
    "job-",
    "",
    null,
    7,
  ]);
});

Deno.test("correlationIdSchema takes a UUID of 36 characters and nothing else", () => {
  assertAccepts(correlationIdSchema, [v4(), v7(), V7.toUpperCase()]);
  assertRefuses(correlationIdSchema, [V7.replaceAll("-", ""), `{${V7}}`, `${V7}0`, "x".repeat(36)]);
});

Deno.test("workerIdSchema takes worker- and a UUID", () => {
  assertAccepts(workerIdSchema, [`worker-${v7()}`]);
  assertRefuses(workerIdSchema, [`job-${V7}`, "worker-", "worker-1", `worker-${V7}/../..`]);
});

Deno.test("instanceSchema takes what crypto.randomUUID() makes", () => {
  assertAccepts(instanceSchema, [crypto.randomUUID()]);
  assertRefuses(instanceSchema, ["", "queen"]);
});

Deno.test("timestampSchema takes what Date.toISOString() writes", () => {
  assertAccepts(timestampSchema, [new Date(0).toISOString(), new Date().toISOString()]);
});

Deno.test("timestampSchema refuses other zones, other precision and what could leave a JSON string", () => {
  assertRefuses(timestampSchema, [
    "2026-01-31T12:00:00Z",
    "2026-01-31T12:00:00.123456Z",
    "2026-01-31T12:00:00.123+01:00",
    "2026-01-31 12:00:00.123Z",
    '2026-01-31T12:00:00.123Z","x":"',
    "2026-01-31T12:00:00.123Z\n\nevent: done",
    1_769_860_800_123,
  ]);
});

Deno.test("roleSchema knows the four roles", () => {
  assert.deepEqual(roleSchema.options, ["queen", "hive", "worker", "keeper"]);
});

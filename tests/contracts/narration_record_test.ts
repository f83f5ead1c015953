import {
  actionSchema,
  actorSchema,
  narrationRecordSchema,
  progressSchema,
} from "../../src/contracts/narration_record.ts";
import { assertAccepts, assertRefuses } from "../helpers/schema_table.ts";

const RECORD = {
  rbee: "narration",
  at: "2026-01-31T12:00:00.123Z",
  actor: "hive",
  action: "worker_spawn",
  human: "Spawning worker for bee-tiny on cpu",
  level: "info",
};

Deno.test("actorSchema takes the roles, alone and of another machine", () => {
  assertAccepts(actorSchema, ["queen", "hive", "worker", "keeper", "hive:gpu-1", "worker:a.b_c"]);
});

Deno.test("actorSchema refuses what would break the padded text or is no role", () => {
  assertRefuses(actorSchema, [
    "",
    "Hive",
    "model",
    "hive:",
    "hive:-x",
    "hive:a b",
    "hive:a]",
    "hive\n",
    `hive:${"x".repeat(80)}`,
  ]);
});

Deno.test("actionSchema takes snake_case names, also long ones", () => {
  assertAccepts(actionSchema, ["x", "worker_spawn", "a1_2", "x".repeat(80)]);
  assertRefuses(actionSchema, [
    "",
    "Worker",
    "1st",
    "_x",
    "worker-spawn",
    "worker spawn",
    "x\n",
    "x".repeat(81),
  ]);
});

Deno.test("progressSchema takes an unknown total as 0 and nothing below", () => {
  assertAccepts(progressSchema, [
    { current: 0, total: 0, unit: "bytes" },
    { current: 5e9, total: 6e9, unit: "bytes" },
  ]);
  assertRefuses(progressSchema, [
    { current: -1, total: 0, unit: "bytes" },
    { current: 1, total: 2 },
    { current: NaN, total: 2, unit: "percent" },
    { current: 1, total: 2, unit: "x".repeat(33) },
  ]);
});

Deno.test("narrationRecordSchema takes a record bare and with all it may carry", () => {
  assertAccepts(narrationRecordSchema, [
    RECORD,
    {
      ...RECORD,
      job_id: "job-1",
      correlation_id: "c",
      fields: { pid: 7, list: [null, { deep: true }] },
      progress: { current: 1, total: 2, unit: "percent" },
    },
  ]);
});

Deno.test("narrationRecordSchema refuses a record that lacks a part or has a wrong one", () => {
  assertRefuses(narrationRecordSchema, [
    ...Object.keys(RECORD).map((key) => ({ ...RECORD, [key]: undefined })),
    { ...RECORD, rbee: "log" },
    { ...RECORD, level: "fatal" },
    { ...RECORD, human: 7 },
    { ...RECORD, job_id: "x".repeat(81) },
    { ...RECORD, fields: [] },
    { ...RECORD, progress: "half" },
    null,
    "text",
  ]);
});

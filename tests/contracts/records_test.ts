import { errorBodySchema } from "../../src/contracts/error_body.ts";
import { healthSchema } from "../../src/contracts/health.ts";
import { pidFileSchema } from "../../src/contracts/pid_file.ts";
import { workerInfoSchema } from "../../src/contracts/worker.ts";
import { assertAccepts, assertRefuses } from "../helpers/schema_table.ts";

const INSTANCE = "0197c0de-0000-4000-8000-00000000abcd";

Deno.test("healthSchema takes a role's answer and not that of any other program", () => {
  const health = {
    status: "ok",
    role: "queen",
    version: "0.1.0",
    instance: INSTANCE,
    uptime_ms: 0,
  };
  assertAccepts(healthSchema, [
    health,
    { ...health, status: "starting" },
    { ...health, status: "stopping" },
  ]);
  assertRefuses(healthSchema, [
    "OK",
    {},
    { status: "ok" },
    { ...health, role: "nginx" },
    { ...health, instance: "1" },
    { ...health, uptime_ms: -1 },
  ]);
});

Deno.test("errorBodySchema takes the one form of an error, with and without details", () => {
  const error = { code: "job_not_found", message: "No", type: "invalid_request_error" };
  assertAccepts(errorBodySchema, [{ error }, { error: { ...error, details: { a: 1 } } }]);
  assertRefuses(errorBodySchema, [{}, { error: "No" }, { error: { message: "No" } }, error]);
});

Deno.test("pidFileSchema takes a file with and without what only /proc can tell", () => {
  const file = {
    pid: 7,
    start_time: "123",
    executable: "/usr/bin/rbee",
    instance: INSTANCE,
    url: "http://127.0.0.1:7833",
  };
  assertAccepts(pidFileSchema, [file, { ...file, start_time: null, executable: null }]);
  assertRefuses(pidFileSchema, [
    { pid: 7 },
    { ...file, pid: 0 },
    { ...file, pid: -1 },
    { ...file, pid: "7" },
    { ...file, start_time: 123 },
    { ...file, url: "7833" },
    7,
  ]);
});

Deno.test("workerInfoSchema takes a worker in every state", () => {
  const worker = {
    worker_id: "worker-0197c0de-0000-7000-8000-00000000abcd",
    hive: "local",
    model: "bee-tiny",
    engine: "llama",
    device: "cpu",
    state: "ready",
    pid: 7,
    url: "http://127.0.0.1:4000",
    requests: 0,
    waiting: 0,
    restarts: 0,
    started_at: "2026-01-31T12:00:00.123Z",
  };
  const states = ["starting", "loading", "ready", "stopping", "stopped", "failed"];
  assertAccepts(workerInfoSchema, states.map((state) => ({ ...worker, state })));
  assertAccepts(workerInfoSchema, [
    { ...worker, pid: null, url: null, error: { code: "exited_early", message: "It ended" } },
  ]);
  assertRefuses(workerInfoSchema, [{ ...worker, state: "running" }, { ...worker, requests: -1 }]);
});

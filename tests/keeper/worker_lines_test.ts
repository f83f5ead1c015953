import assert from "node:assert/strict";
import { workerLines } from "../../src/keeper/commands/worker.ts";
import type { WorkerInfo } from "../../src/contracts/worker.ts";

const WORKER: WorkerInfo = {
  worker_id: "worker-0197c0de-0000-7000-8000-00000000abcd",
  hive: "local",
  model: "bee-tiny",
  engine: "llama",
  device: "auto",
  state: "ready",
  pid: 4711,
  url: "http://127.0.0.1:4000",
  requests: 4,
  waiting: 12,
  restarts: 3,
  started_at: "2026-01-31T12:00:00.000Z",
};

/** The cells of each line; those of an empty column are left out. */
function cells(lines: readonly string[]): string[][] {
  return lines.map((line) => line.split(/ {2,}/));
}

Deno.test("workerLines() shows what a worker runs with, what it has to do, and how often it died", () => {
  assert.deepEqual(cells(workerLines([WORKER])), [
    [
      "MODEL",
      "STATE",
      "HIVE",
      "ENGINE",
      "DEVICE",
      "REQUESTS",
      "WAITING",
      "RESTARTS",
      "PROCESS",
      "WORKER",
    ],
    [
      "bee-tiny",
      "ready",
      "local",
      "llama",
      "auto",
      "4",
      "12",
      "3",
      "4711",
      WORKER.worker_id,
    ],
  ]);
});

Deno.test("workerLines() aligns its columns under each other", () => {
  const long = { ...WORKER, model: "a-model-with-a-long-name", engine: "llama-server" };
  const [head = "", first = "", second = ""] = workerLines([WORKER, long]);
  for (const name of ["STATE", "ENGINE", "RESTARTS", "WORKER"]) {
    const at = head.indexOf(name);
    assert.ok(at > 0);
    for (const row of [first, second]) {
      assert.equal(row[at - 1], " ");
      assert.notEqual(row[at], " ");
    }
  }
});

Deno.test("workerLines() says below the table why those failed that did, or are started again", () => {
  const failed: WorkerInfo = {
    ...WORKER,
    state: "failed",
    pid: null,
    error: { code: "out_of_memory", message: "It was killed", details: { last_lines: ["oh"] } },
  };
  const restarting: WorkerInfo = {
    ...WORKER,
    state: "starting",
    error: { code: "exited", message: "It ended with exit code 3" },
  };
  const [, ...rows] = workerLines([failed, WORKER, restarting]);
  assert.deepEqual(rows.slice(3), [
    `${WORKER.worker_id}: It was killed`,
    `${WORKER.worker_id}: It ended with exit code 3`,
  ]);
  assert.match(rows[0]!, /^bee-tiny +failed .* 3 {2,}worker-/, "it has no process");
});

Deno.test("workerLines() of none says so", () => {
  assert.deepEqual(workerLines([]), ["No workers"]);
});

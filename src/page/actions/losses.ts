import type { WorkerTelemetry } from "../../contracts/telemetry.ts";
import { countText } from "../quantities.ts";

/** What a worker's end would cost. */
export function lossOfStopping(worker: WorkerTelemetry | undefined): string {
  if (worker === undefined || worker.state === "stopped" || worker.state === "failed") {
    return "It does not run any more.";
  }
  const { requests, waiting } = worker;
  if (requests === 0 && waiting === 0) return "It answers no request now.";
  const waits = waiting === 0
    ? ""
    : `, and ${countText(waiting, "request")} ${waiting === 1 ? "waits" : "wait"} for it`;
  return `It answers ${countText(requests, "request")} now${waits}. What is not answered is lost.`;
}

/** What is lost when a job of an operation is cancelled. */
export function lossOfCancelling(operation: string): string {
  switch (operation) {
    case "infer":
      return "The answer ends where it is. What has come of it stays to be read.";
    case "worker_spawn":
      return "The worker is not started, and what has been loaded of its model is given up, unless others wait for it.";
    case "model_download":
      return "The download ends. What has come of it stays on that machine's disk, and the next download goes on from there.";
    default:
      return "It ends where it is, on every machine that takes part. What it had not done is not done.";
  }
}

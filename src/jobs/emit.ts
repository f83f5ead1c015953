import type { JsonValue } from "../contracts/json_value.ts";
import { currentJobLog } from "./job_logs.ts";

/** Writes a piece of the answer, the `i`-th from 0, into the log of the job that runs here. */
export function emitToken(text: string, i: number): void {
  currentJobLog().append({ type: "token", text, i });
}

/** Writes a structured result under `name` into the log of the job that runs here. */
export function emitData(name: string, value: JsonValue): void {
  currentJobLog().append({ type: "data", name, value });
}

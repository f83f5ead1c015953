/**
 * One way to read a child's lines, measured in a process of its own. Arguments: the way, the file of
 * lines that the child prints, how many times it does.
 */
import concurrently from "concurrently";
import { execa } from "execa";
import { Writable } from "node:stream";
import { EventLog } from "../../src/jobs/event_log.ts";
import { narrationEvent } from "../../src/jobs/job_logs.ts";
import { spawnChild } from "../../src/process/child.ts";
import { captureOutput } from "../../src/process/output_capture.ts";

const [way = "", file = "", times = "1"] = Deno.args;
const files = Array.from({ length: Number(times) }, () => file);

/** As a hive does it: into the log of a job that nobody reads. */
async function capture(narration: boolean): Promise<number> {
  const log = new EventLog();
  await captureOutput(spawnChild({ program: "cat", args: files, mode: "captured" }), {
    narration,
    onCaptured(captured) {
      if (captured.kind === "narration") log.append(narrationEvent(captured.record));
      else log.appendLines("worker", captured.stream, captured.lines);
    },
  });
  return log.lastSeq;
}

const WAYS: Record<string, () => Promise<number>> = {
  capture: () => capture(false),
  "capture narration": () => capture(true),
  async execa() {
    let lines = 0;
    for await (const _ of execa("cat", files, { buffer: false })) lines++;
    return lines;
  },
  async concurrently() {
    let lines = 0;
    const outputStream = new Writable({
      write(chunk: Uint8Array, _encoding, done) {
        for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines++;
        done();
      },
    });
    await concurrently([{ command: ["cat", ...files].join(" ") }], { outputStream }).result;
    return lines;
  },
  /** What the child and its pipe give, with nothing done to it. */
  async read() {
    const { stdout, status } = new Deno.Command("cat", { args: files, stdout: "piped" }).spawn();
    let bytes = 0;
    for await (const chunk of stdout) bytes += chunk.length;
    await status;
    return bytes / 100;
  },
};

const startedMs = performance.now();
const lines = await WAYS[way]!();
const ms = performance.now() - startedMs;
Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify({ lines, ms })));

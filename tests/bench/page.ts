import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import { JobRecording } from "../../src/page/job_recording.ts";
import { RowList } from "../../src/page/job/rows.ts";
import { StepReader } from "../../src/page/job/steps.ts";
import { bundlePage } from "../../src/queen/page_bundle.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { printTable } from "./table.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const DRAWINGS = 200;

/** How large the page is, and what it does at each drawing of a job that goes on. */
export async function benchPage(): Promise<void> {
  await benchSize();
  const rows = [10_000, 90_000].map((entries) => {
    const recording = new JobRecording("job-bench");
    let seq = 0;
    const add = () => recording.add(said(++seq));
    for (let i = 0; i < entries; i++) add();
    const list = new RowList({ showDetails: false, linkedSeq: undefined, isOpen: () => false });
    const steps = new StepReader();
    const firstMs = timeOf(() => {
      list.read(recording);
      steps.read(recording.entries);
    });
    let drawnMs = 0;
    for (let i = 0; i < DRAWINGS; i++) {
      add();
      drawnMs += timeOf(() => {
        list.read(recording);
        steps.read(recording.entries);
        steps.course({ createdMs: undefined, nowMs: undefined });
      });
    }
    return {
      name: `${entries.toLocaleString("en")} sentences`,
      "first drawing, ms": firstMs.toFixed(1),
      "each one after, ms": (drawnMs / DRAWINGS).toFixed(3),
    };
  });
  printTable("A job's page: rows and steps of what was said, without the browser's own work", rows);
}

async function benchSize(): Promise<void> {
  await using folder = await TemporaryFolder.make();
  const startedMs = performance.now();
  await bundlePage(ROOT, folder.path);
  const bundledMs = performance.now() - startedMs;
  const names = (await Array.fromAsync(Deno.readDir(folder.path))).map(({ name }) => name).sort();
  const rows = names.map((name) => {
    const bytes = Deno.readFileSync(folder.join(name));
    return { name, bytes: bytes.length, "gzip'd": gzipSync(bytes).length };
  });
  printTable(`The page's files, bundled in ${Math.round(bundledMs)} ms`, rows);
}

function said(seq: number): JobEvent {
  const at = new Date(Date.UTC(2026, 0, 1) + seq).toISOString();
  const human = `Step ${seq} of what the worker does`;
  const actor = seq % 3 === 0 ? "hive" : "worker";
  const action = `step_${"abcdefghij"[seq % 10]}`;
  return { type: "narration", seq, at, actor, action, human, level: "info", formatted: human };
}

function timeOf(work: () => void): number {
  const startedMs = performance.now();
  work();
  return performance.now() - startedMs;
}

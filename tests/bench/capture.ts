import { fileURLToPath } from "node:url";
import { formatNarrationJson } from "../../src/narration/json_format.ts";
import { startServer } from "./bench_server.ts";
import { type BenchRow, printTable, runCase } from "./table.ts";

const RUNS = 5;
const FILE_LINES = 10_000;
const FILE_TIMES = 300;
const STREAM_LINES = 1_000_000;
const CASE = new URL("capture_case.ts", import.meta.url);
const READLINE = fileURLToPath(new URL("rivals/readline.mjs", import.meta.url));
const SERVER = fileURLToPath(new URL("capture_server.ts", import.meta.url));
const READER = new URL("stream_reader.ts", import.meta.url);

interface Measured {
  lines: number;
  ms: number;
}

/** From a child's output into the log of its job, beside others that read lines and keep nothing. */
export async function benchCapture(): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rbee-bench-" });
  try {
    const plain = `${folder}/plain.txt`;
    const narration = `${folder}/narration.txt`;
    const lines = Array.from({ length: FILE_LINES }, (_, i) => i);
    await Deno.writeTextFile(plain, lines.map(plainLine).join(""));
    await Deno.writeTextFile(narration, lines.map(narrationLine).join(""));
    const ours = (way: string, file: string) => () =>
      runCase<Measured>(CASE, way, file, String(FILE_TIMES));
    printTable("Capture: a child's lines, 100 bytes each, lines/s", [
      await measure("rbee, into the job's log", ours("capture", plain)),
      await measure(
        "rbee, JSON narration into the job's log",
        ours("capture narration", narration),
      ),
      await measure("execa, lines thrown away", ours("execa", plain)),
      await measure("concurrently, lines thrown away", ours("concurrently", plain)),
      await measure("readline under Node, lines thrown away", () => underNode(plain)),
      await measure("Deno's pipe alone, no lines made", ours("read", plain)),
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function plainLine(i: number): string {
  return `line ${i} of a child's output, `.padEnd(99, "which goes on and on ") + "\n";
}

function narrationLine(i: number): string {
  return formatNarrationJson({
    rbee: "narration",
    at: "2026-01-31T12:00:00.123Z",
    actor: "worker",
    action: "model_load",
    human: `Loading tensor ${i} of bee-tiny.gguf`,
    level: "info",
  }) + "\n";
}

async function underNode(file: string): Promise<Measured> {
  const args = [READLINE, file, String(FILE_TIMES)];
  const { stdout } = await new Deno.Command("node", { args, stderr: "null" }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

async function measure(name: string, run: () => Promise<Measured>): Promise<BenchRow> {
  const speeds: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    const { lines, ms } = await run();
    // One of them says how its child has ended.
    const missing = FILE_LINES * FILE_TIMES - lines;
    if (missing > 0) throw new Error(`${name} has lost ${missing} lines`);
    speeds.push(Math.round(lines / ms * 1000));
  }
  speeds.sort((a, b) => a - b);
  return {
    name,
    "slowest": speeds[0]!,
    "median": speeds[Math.floor(RUNS / 2)]!,
    "fastest": speeds.at(-1)!,
  };
}

/** From a child's output over HTTP to readers in another process, some of which stall. */
export async function benchCaptureStream(): Promise<void> {
  const rows: BenchRow[] = [];
  for (const [readers, stalled] of [[0, 0], [1, 0], [1, 1], [1, 10]] as const) {
    const args = ["run", "--allow-all", "--quiet", SERVER, String(STREAM_LINES)];
    await using server = await startServer(Deno.execPath(), args);
    const { ms, written } = await runCase<{
      ms: number;
      written: Measured & { longestMs: number };
    }>(READER, `${server.url}/stream`, String(readers), String(stalled), `${server.url}/write`);
    if (written.lines !== STREAM_LINES) throw new Error(`${written.lines} lines were captured`);
    rows.push({
      name: stalled === 0 ? `${readers} readers` : `${readers} reader and ${stalled} stalled`,
      "captured/s": Math.round(STREAM_LINES / written.ms * 1000),
      "delivered/s": readers === 0 ? "-" : Math.round(STREAM_LINES / ms * 1000),
      "child's longest write ms": written.longestMs.toFixed(1),
    });
  }
  printTable(
    `Capture to a remote reader: a child at full speed, ${STREAM_LINES.toLocaleString("en")} lines`,
    rows,
  );
}

import { fileURLToPath } from "node:url";
import { startServer } from "./bench_server.ts";
import { type BenchRow, printTable, runCase } from "./table.ts";

const SERVER = fileURLToPath(new URL("watch_server.ts", import.meta.url));
const READER = new URL("stream_reader.ts", import.meta.url);

/** What a job costs its queen that is read by its own stream, or in the one stream of a page. */
export async function benchWatch(): Promise<void> {
  const rows: BenchRow[] = [];
  let count = 0;
  for (const readers of [1, 20, 50]) {
    for (const kind of ["stream", "watch"] as const) {
      const args = ["run", "--allow-all", "--quiet", SERVER, kind];
      await using server = await startServer(Deno.execPath(), args);
      const { written } = await runCase<
        { written: { writeMs: number; cpuMs: number; tokens: number } }
      >(READER, `${server.url}/stream`, String(readers), "0", `${server.url}/write`);
      count = written.tokens;
      rows.push({
        name: `${kind === "watch" ? "/v1/watch?job=ID" : "/v1/jobs/ID/stream"}, ${readers} readers`,
        "processor ms": Math.round(written.cpuMs),
        "of the server's time, %": Math.round(written.cpuMs / written.writeMs * 100),
      });
    }
  }
  printTable(`A job of ${count.toLocaleString("en")} tokens, one a millisecond`, rows);
}

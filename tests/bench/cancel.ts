import { fileURLToPath } from "node:url";
import { JobClient } from "../../src/jobs/job_client.ts";
import { DENO_RUN } from "../../src/process/self_command.ts";
import { startServer } from "./bench_server.ts";
import { printTable } from "./table.ts";

const ROUNDS = 20;
const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** From the request to cancel to the `cancelled` event, while the demo model answers. */
export async function benchCancel(): Promise<void> {
  const args = [...DENO_RUN, MAIN, "serve", "--role=worker", "--model=bee-tiny"];
  await using worker = await startServer(Deno.execPath(), args, { RBEE_NARRATION: "json" });
  const client = new JobClient(worker.url);
  const times: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const { job_id } = await client.submit({
      operation: "infer",
      model: "bee-tiny",
      // The demo model goes on for 81 tokens here, which take a tenth of a second.
      prompt: "bee, bee, bee, bee, bee, bee, bee, bee,",
      temperature: 0,
    });
    let askedMs: number | undefined;
    for await (const event of client.stream(job_id)) {
      if (event.type === "token" && askedMs === undefined) {
        askedMs = performance.now();
        await client.cancel(job_id);
      }
      if (event.type === "cancelled") times.push(performance.now() - askedMs!);
    }
  }
  times.sort((a, b) => a - b);
  printTable("Cancel: from the request to the end of the job, while the demo model answers", [{
    name: "worker",
    "median ms": times[Math.floor(times.length / 2)]!.toFixed(1),
    "slowest ms": times.at(-1)!.toFixed(1),
    "cancelled": `${times.length} of ${ROUNDS}`,
  }]);
}

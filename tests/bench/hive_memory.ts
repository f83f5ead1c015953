import { JobClient } from "../../src/jobs/job_client.ts";
import { engineCommand } from "../helpers/engine_command.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";
import { residentMb } from "./resident_memory.ts";
import { printTable } from "./table.ts";

const WORKERS = 50;

/** What a hive needs for itself with many workers of an engine that is another program. */
export async function benchHiveMemory(): Promise<void> {
  await using home = await RbeeHome.create();
  await Deno.mkdir(`${home.path}/config`);
  await Deno.writeTextFile(
    `${home.path}/config/rbee.yaml`,
    JSON.stringify({
      hive: { max_workers: WORKERS, memory_check: false },
      engines: { fixture: { command: engineCommand("--load-ms", "0") } },
    }),
  );
  await home.rbee(["up"]);
  const { pid, url } = await home.daemon("hive");
  const hive = new JobClient(url);
  const spawn = async (context: number) => {
    const body = { operation: "worker_spawn", model: "bee-tiny", engine: "fixture", context };
    const end = await hive.submitAndStream(body, () => {});
    if (end.type !== "done") throw new Error(`no worker: ${JSON.stringify(end)}`);
  };
  const rows = [{ name: "no worker", "resident MB": residentMb(pid), "a worker MB": "" }];
  const startedMs = performance.now();
  for (let at = 0; at < WORKERS; at += 5) {
    await Promise.all([0, 1, 2, 3, 4].map((i) => spawn(256 + at + i)));
  }
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const after = residentMb(pid);
  rows.push({
    name: `${WORKERS} workers, all ready after ${seconds} s`,
    "resident MB": after,
    "a worker MB": ((after - rows[0]!["resident MB"]) / WORKERS).toFixed(2),
  });
  printTable("Memory of a hive with workers of the fixture engine", rows);
}

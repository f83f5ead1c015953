import { fileURLToPath } from "node:url";
import { BEE_TINY, TestHive } from "../helpers/test_hive.ts";
import { printTable } from "./table.ts";

const ROUNDS = 7;
const BARE = fileURLToPath(new URL("rivals/bare_load.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));

/**
 * How long it takes from the request for a worker until it is ready, beside a script that does nothing
 * but load the same model with the same library. One after the other, so that both meet the same load.
 */
export async function benchSpawn(): Promise<void> {
  const ours: number[] = [];
  const bare: number[] = [];
  await using hive = new TestHive();
  for (let round = 0; round < ROUNDS; round++) {
    bare.push(await timeBare());
    const startedMs = performance.now();
    // A context of its own each time: a worker of the same options would be shared.
    const { worker_id } = await hive.spawn({ ...BEE_TINY, context: 256 - 8 * round });
    ours.push(performance.now() - startedMs);
    await hive.workers.stop(worker_id, "the round is over");
  }
  printTable(`Spawn to ready, demo model, ${ROUNDS} rounds`, [
    row("node-llama-cpp script that only loads it", bare),
    row("rbee worker, through its hive", ours),
  ]);
}

async function timeBare(): Promise<number> {
  const startedMs = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--quiet", "--config", CONFIG, BARE],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  // Its first output says that it has loaded.
  const reader = child.stdout.getReader();
  const { done } = await reader.read();
  const tookMs = performance.now() - startedMs;
  if (done) throw new Error(`${BARE} did not load the model`);
  await reader.cancel();
  await child.status;
  return tookMs;
}

function row(name: string, ms: number[]) {
  const sorted = ms.toSorted((a, b) => a - b);
  return {
    name,
    "median ms": Math.round(sorted[Math.floor(sorted.length / 2)]!),
    "fastest ms": Math.round(sorted[0]!),
    "slowest ms": Math.round(sorted.at(-1)!),
  };
}

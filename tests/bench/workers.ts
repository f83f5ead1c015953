import { benchHiveMemory } from "./hive_memory.ts";
import { benchSpawn } from "./spawn.ts";

/** Workers: from the spawn to the answer, and what many of them cost their hive. */
export async function benchWorkers(): Promise<void> {
  await benchSpawn();
  await benchHiveMemory();
}

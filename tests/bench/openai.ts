import { benchAddedJobTime } from "./added_job_time.ts";
import { benchAddedTime } from "./added_time.ts";
import { benchManyStreams } from "./many_streams.ts";
import { benchQueenMemory } from "./queen_memory.ts";
import { benchTokenRate } from "./token_rate.ts";

/** OpenAI's API: what the way through queen and hive costs, beside what others cost. */
export async function benchOpenAi(): Promise<void> {
  await benchTokenRate();
  await benchAddedTime();
  await benchAddedJobTime();
  await benchManyStreams();
  await benchQueenMemory();
}

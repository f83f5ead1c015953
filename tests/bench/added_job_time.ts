import { workerListSchema } from "../../src/contracts/worker.ts";
import { JobClient } from "../../src/jobs/job_client.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";
import { addedRow, type AddedTimes } from "./added_row.ts";
import { startNginx } from "./rivals/nginx.ts";
import { printTable } from "./table.ts";

const MODEL = "bee-tiny";
const WARM_UP = 200;
const ROUNDS = 400;
const TOKENS = 8;
// All of an answer, so that none ends before its limit.
const TOKEN = "300";

interface Way extends AddedTimes {
  name: string;
  client: JobClient;
}

/**
 * What the way of rbee's own jobs costs, from the client of the command line through queen and hive to
 * a worker with the demo model, beside the worker asked directly and through nginx. One request at a
 * time, and the ways in turn, so that all meet the same load.
 */
export async function benchAddedJobTime(): Promise<void> {
  await using home = await RbeeHome.create();
  await home.configure({ models: { [MODEL]: { context: 256 } } });
  const up = await home.rbee(["up"]);
  if (up.code !== 0) throw new Error(up.stderr);
  const spawned = await home.rbee(["worker", "spawn", MODEL]);
  if (spawned.code !== 0) throw new Error(spawned.stderr);
  const { url: queen } = await home.daemon("queen");
  const listed = workerListSchema.parse(await (await fetch(`${queen}/v1/workers`)).json());
  const worker = listed.workers[0]?.url;
  if (!worker) throw new Error("The worker has no address");
  // Without it the table lacks its row.
  await using nginx = await startNginx(worker);
  const proxy = nginx && new URL(nginx.target.baseUrl).origin;
  const ways: Way[] = [
    way("direct to the worker", worker),
    way("rbee: queen, hive, worker", queen),
    ...(proxy === undefined ? [] : [way("nginx, worker", proxy)]),
  ];
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    if (round === WARM_UP) { for (const each of ways) each.first.length = each.token.length = 0; }
    for (const each of ways) await measure(each);
  }
  const [direct] = ways;
  printTable(
    `Added time of rbee's own jobs, demo model, ${ROUNDS} requests of ${TOKENS} tokens each way, ms`,
    ways.map((each) => addedRow(each.name, each, direct!)),
  );
}

function way(name: string, url: string): Way {
  return { name, client: new JobClient(url), first: [], token: [] };
}

async function measure({ name, client, first, token }: Way): Promise<void> {
  const askedMs = performance.now();
  const at: number[] = [];
  const end = await client.submitAndStream({
    operation: "infer",
    model: MODEL,
    messages: [{ role: "user", content: "Where does the bee fly?" }],
    max_tokens: TOKENS,
    temperature: 0,
    logit_bias: { [TOKEN]: 100 },
  }, (event) => {
    if (event.type === "token") at.push(performance.now());
  });
  if (end.type !== "done" || at.length !== TOKENS) {
    throw new Error(`${name} answered with ${at.length} tokens: ${JSON.stringify(end)}`);
  }
  first.push(at[0]! - askedMs);
  token.push((at.at(-1)! - at[0]!) / (TOKENS - 1));
}

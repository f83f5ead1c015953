import { JobClient } from "../../src/jobs/job_client.ts";
import { workerListSchema } from "../../src/contracts/worker.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";
import { AnswerStream } from "./answer_stream.ts";
import { quantile } from "./quantiles.ts";
import { type BenchRow, printTable, runCase } from "./table.ts";
import type { Load } from "./token_load.ts";

const MODEL = "bee-tiny";
const AT_ONCE = [1, 4, 16];
const LOAD = {
  rounds: 12,
  warmUp: 6,
  tokens: 100,
  slots: 16,
  context: 256,
  question: "Where does the bee fly?",
  token: 300,
};
const BARE = new URL("rivals/bare_tokens.ts", import.meta.url);

/** A way to have one request answered; gives the number of tokens that have come. */
type Ask = (body: Record<string, unknown>) => Promise<number>;

/**
 * Tokens a second of requests that are asked at once, with the demo model: through all of rbee, and
 * beside it a script that does nothing but make them. The median of the rounds.
 */
export async function benchTokenRate(): Promise<void> {
  await using home = await RbeeHome.create();
  const { slots: parallel, context } = LOAD;
  await home.configure({ models: { [MODEL]: { parallel, context } } });
  const up = await home.rbee(["up"]);
  if (up.code !== 0) throw new Error(up.stderr);
  const spawned = await home.rbee(["worker", "spawn", MODEL]);
  if (spawned.code !== 0) throw new Error(spawned.stderr);
  const { url } = await home.daemon("queen");
  const listed = workerListSchema.parse(await (await fetch(`${url}/v1/workers`)).json());
  const worker = listed.workers[0]?.url;
  if (!worker) throw new Error("The worker has no address");

  const queen = { name: "queen", baseUrl: `${url}/v1` };
  const ways: [string, Ask][] = [
    ["POST /v1/chat/completions", async (body) => (await AnswerStream.open(queen, body)).end()],
    ["JobClient, to the queen", askByJob(url)],
    ["JobClient, to the worker itself", askByJob(worker)],
  ];
  const bare = await rates((requests) => runCase<number[]>(BARE, load(requests)));
  const rows: BenchRow[] = [row("node-llama-cpp alone", bare, bare)];
  for (const [name, ask] of ways) {
    rows.push(row(name, await rates((requests) => timeRounds(ask, requests)), bare));
  }
  printTable(`Tokens/s, demo model, ${LOAD.tokens} tokens an answer, by requests at once`, rows);
}

function load(requests: number): string {
  const all: Load = { ...LOAD, requests };
  return JSON.stringify(all);
}

async function rates(measure: (requests: number) => Promise<number[]>): Promise<number[]> {
  const found: number[] = [];
  for (const requests of AT_ONCE) {
    const ms = quantile(await measure(requests), 0.5);
    found.push(requests * LOAD.tokens / ms * 1000);
  }
  return found;
}

async function timeRounds(ask: Ask, requests: number): Promise<number[]> {
  const body = {
    model: MODEL,
    messages: [{ role: "user", content: LOAD.question }],
    max_tokens: LOAD.tokens,
    temperature: 0,
    logit_bias: { [LOAD.token]: 100 },
  };
  const tookMs: number[] = [];
  for (let round = 0; round < LOAD.warmUp + LOAD.rounds; round++) {
    const startedMs = performance.now();
    const counts = await Promise.all(Array.from({ length: requests }, () => ask(body)));
    if (round >= LOAD.warmUp) tookMs.push(performance.now() - startedMs);
    const short = counts.find((count) => count !== LOAD.tokens);
    if (short !== undefined) throw new Error(`An answer has ${short} tokens`);
  }
  return tookMs;
}

function askByJob(url: string): Ask {
  const client = new JobClient(url);
  return async (body) => {
    const end = await client.submitAndStream({ operation: "infer", ...body }, () => {});
    if (end.type !== "done") throw new Error(`A request failed: ${JSON.stringify(end)}`);
    return end.usage?.completion_tokens ?? 0;
  };
}

function row(name: string, found: readonly number[], bare: readonly number[]): BenchRow {
  const columns = AT_ONCE.flatMap((requests, at) => [
    [`${requests} at once`, Math.round(found[at]!)],
    [`${requests}, of bare`, `${Math.round(found[at]! / bare[at]! * 100)} %`],
  ]);
  return { name, ...Object.fromEntries(columns) };
}

import { messageOf } from "../../src/base/rbee_error.ts";
import type { ChatTarget } from "./answer_stream.ts";
import { askFixture, FixtureHome } from "./fixture_home.ts";
import { quantile } from "./quantiles.ts";
import { startNginx } from "./rivals/nginx.ts";
import { type BenchRow, printTable } from "./table.ts";

const STREAMS = 200;
const ROUNDS = 5;
const TOKENS = 20;
const TOKEN_MS = 25;

interface Times {
  first: number[];
  whole: number[];
  failures: string[];
}

/**
 * Streamed requests that are all asked at once. The times of each come from all rounds but the first,
 * which is thrown away.
 *
 * @throws {Error} If a request fails.
 */
export async function benchManyStreams(): Promise<void> {
  await using fixture = await FixtureHome.start({
    flags: ["--token-ms", String(TOKEN_MS)],
    parallel: STREAMS,
  });
  // Without it the table lacks its row.
  await using nginx = await startNginx(fixture.engine.baseUrl);
  const rows: BenchRow[] = [];
  const failures: string[] = [];
  let direct: Times | undefined;
  for (const target of [fixture.engine, fixture.queen, nginx?.target]) {
    if (target === undefined) continue;
    const times: Times = { first: [], whole: [], failures: [] };
    for (let round = 0; round <= ROUNDS; round++) {
      if (round === 1) times.first.length = times.whole.length = 0;
      await Promise.all(Array.from({ length: STREAMS }, () => ask(target, times)));
    }
    direct ??= times;
    failures.push(...times.failures);
    rows.push(row(target.name, times, direct));
  }
  printTable(
    `${STREAMS} streams at once, ${TOKENS} tokens with ${TOKEN_MS} ms before each, ${ROUNDS} rounds, ms`,
    rows,
  );
  if (failures.length > 0) throw new Error(`${failures.length} have failed: ${failures[0]}`);
}

async function ask(target: ChatTarget, { first, whole, failures }: Times): Promise<void> {
  const askedMs = performance.now();
  try {
    const answer = await askFixture(target, TOKENS);
    await answer.piece();
    first.push(performance.now() - askedMs);
    const tokens = await answer.end();
    if (tokens !== TOKENS) throw new Error(`An answer has ${tokens} tokens`);
    whole.push(performance.now() - askedMs);
  } catch (error) {
    failures.push(`${target.name}: ${messageOf(error)}`);
  }
}

function row(name: string, { first, whole, failures }: Times, direct: Times): BenchRow {
  const at = (part: number, values: number[], base: number[]) =>
    (quantile(values, part) - quantile(base, part)).toFixed(1);
  return {
    name,
    "failed": failures.length,
    "first token, median": quantile(first, 0.5).toFixed(1),
    "p99": quantile(first, 0.99).toFixed(1),
    "added, median": at(0.5, first, direct.first),
    "added, p99": at(0.99, first, direct.first),
    "whole, median": quantile(whole, 0.5).toFixed(1),
    "whole, p99": quantile(whole, 0.99).toFixed(1),
    "whole added, median": at(0.5, whole, direct.whole),
    "whole added, p99": at(0.99, whole, direct.whole),
  };
}

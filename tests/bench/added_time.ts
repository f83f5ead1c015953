import { addedRow, type AddedTimes } from "./added_row.ts";
import type { ChatTarget } from "./answer_stream.ts";
import { askFixture, FixtureHome } from "./fixture_home.ts";
import { startBareHops } from "./rivals/bare_hops.ts";
import { startNginx } from "./rivals/nginx.ts";
import { startPortkey } from "./rivals/portkey.ts";
import { printTable } from "./table.ts";

const WARM_UP = 200;
const ROUNDS = 400;
const TOKENS = 8;

interface Times extends AddedTimes {
  target: ChatTarget;
}

/**
 * What lies between a client and the engine costs: until the first token, and for each token after it.
 * The engine sends each token when it is told to. One request at a time, and the ways in turn, so that
 * all meet the same load.
 */
export async function benchAddedTime(): Promise<void> {
  await using fixture = await FixtureHome.start({ flags: ["--gate"] });
  // Without one of them the table lacks its row.
  await using nginx = await startNginx(fixture.engine.baseUrl);
  await using portkey = await startPortkey(fixture.engine.baseUrl);
  await using hops = await startBareHops(fixture.engine.baseUrl);
  const targets = [
    fixture.engine,
    fixture.queen,
    hops.target,
    nginx?.target,
    portkey?.target,
  ];
  const ways: Times[] = targets.flatMap((target) =>
    target === undefined ? [] : [{ target, first: [], token: [] }]
  );
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    if (round === WARM_UP) { for (const way of ways) Object.assign(way, { first: [], token: [] }); }
    for (const way of ways) await measure(fixture, way);
  }
  const [direct] = ways;
  printTable(
    `Added time, fixture engine, ${ROUNDS} requests of ${TOKENS + 1} tokens each way, ms`,
    ways.map((way) => addedRow(way.target.name, way, direct!)),
  );
}

async function measure(fixture: FixtureHome, { target, first, token }: Times): Promise<void> {
  await fixture.release(1);
  const askedMs = performance.now();
  const answer = await askFixture(target, TOKENS + 1);
  await answer.piece();
  first.push(performance.now() - askedMs);
  for (let at = 0; at < TOKENS; at++) {
    const releasedMs = performance.now();
    const released = fixture.release(1);
    await answer.piece();
    token.push(performance.now() - releasedMs);
    await released;
  }
  const tokens = await answer.end();
  if (tokens !== TOKENS + 1) throw new Error(`${target.name} answered with ${tokens} tokens`);
}

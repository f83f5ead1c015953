import { fileURLToPath } from "node:url";
import type { RbeeHome } from "../helpers/rbee_home.ts";
import type { ChatTarget } from "./answer_stream.ts";
import { startServer } from "./bench_server.ts";
import { askFixture, FixtureHome } from "./fixture_home.ts";
import type { FloodKind } from "./flood_kinds.ts";
import { quantile } from "./quantiles.ts";
import { type BenchRow, printTable } from "./table.ts";

const GOOD_AT_ONCE = 4;
const TOKENS = 20;
const TOKEN_MS = 5;
const MEASURE_MS = 4000;
const ROUNDS = 3;
const CLIENT = fileURLToPath(new URL("flood_client.ts", import.meta.url));
const BARE = fileURLToPath(new URL("rivals/bare_refusal.ts", import.meta.url));
const ANSWERED = ["wrong token", "bad JSON", "too large", "unknown path", "too often"] as const;
type Flood = readonly [name: string, kinds: readonly FloodKind[]];
const TOGETHER: readonly Flood[] = [
  ["all of them", ANSWERED],
  ["wrong token, leaves at once", ["leaving"]],
];
const FLOODS: readonly Flood[] = [
  ...ANSWERED.map((kind) => [kind, [kind]] as const),
  ...TOGETHER,
];

interface Measured {
  tookMs: number[];
  perSecond: number;
  sentPerSecond: number;
}

/**
 * Good requests alone, and beside bad ones that one process sends as fast as it can over 32 connections:
 * to a bare server that answers 404, which tells what the sending itself costs on this machine, and to
 * the queen. Rounds take turns, and a row is the median of them. The target: beside a flood of the queen
 * good requests are slower by at most a tenth than beside the same flood of the bare server. First for
 * loopback, then for the listener beyond it, which is another.
 *
 * @throws {Error} If a good request fails.
 */
export async function benchFlood(): Promise<void> {
  await benchListener("on loopback", { network: false, floods: FLOODS });
  await benchListener("on all addresses", { network: true, floods: TOGETHER });
}

async function benchListener(
  where: string,
  { network, floods }: { network: boolean; floods: readonly Flood[] },
): Promise<void> {
  await using fixture = await FixtureHome.start({
    network,
    flags: ["--token-ms", String(TOKEN_MS)],
    parallel: GOOD_AT_ONCE,
    limits: { tokens: { good: { requests_per_second: 0 } } },
  });
  const good = await createToken(fixture.home, "good");
  const bad = await createToken(fixture.home, "bad");
  const headers = { Authorization: `Bearer ${good}` };
  const target: ChatTarget = { ...fixture.queen, headers };
  await measure(target);
  const rows: BenchRow[] = [];
  for (const [name, kinds] of floods) {
    const alone: Measured[] = [];
    const besideBare: Measured[] = [];
    const besideQueen: Measured[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      alone.push(await measure(target));
      await using bare = await startServer(Deno.execPath(), ["run", "--allow-net", BARE]);
      besideBare.push(await measure(target, { url: bare.url, kinds, token: bad }));
      const url = new URL(fixture.queen.baseUrl).origin;
      besideQueen.push(await measure(target, { url, kinds, token: bad }));
    }
    rows.push(row(name, { alone, besideBare, besideQueen }));
  }
  printTable(
    `Good requests beside a flood ${where}: ${GOOD_AT_ONCE} at once, ${TOKENS} tokens with ${TOKEN_MS} ms before each; ms, and requests/s`,
    rows,
  );
}

async function createToken(home: RbeeHome, name: string): Promise<string> {
  const { code, stdout, stderr } = await home.rbee(["token", "create", "--name", name]);
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
}

/** Asks good requests for a while, if need be beside a flood. */
async function measure(
  target: ChatTarget,
  flood?: { url: string; kinds: readonly FloodKind[]; token: string },
): Promise<Measured> {
  const flooding = flood && startFlood(flood);
  const startedMs = performance.now();
  const tookMs: number[] = [];
  await Promise.all(Array.from({ length: GOOD_AT_ONCE }, async () => {
    while (performance.now() - startedMs < MEASURE_MS) {
      const askedMs = performance.now();
      const tokens = await (await askFixture(target, TOKENS)).end();
      if (tokens !== TOKENS) throw new Error(`An answer has ${tokens} tokens`);
      tookMs.push(performance.now() - askedMs);
    }
  }));
  const seconds = (performance.now() - startedMs) / 1000;
  const sent = await flooding?.stop() ?? 0;
  return { tookMs, perSecond: tookMs.length / seconds, sentPerSecond: sent / seconds };
}

function startFlood(flood: { url: string; kinds: readonly FloodKind[]; token: string }) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-net", "--quiet", CLIENT, flood.url, flood.kinds.join(","), flood.token],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  return {
    async stop(): Promise<number> {
      await child.stdin.close();
      const { stdout } = await child.output();
      return Number(new TextDecoder().decode(stdout));
    },
  };
}

function row(
  name: string,
  measured: Record<"alone" | "besideBare" | "besideQueen", readonly Measured[]>,
): BenchRow {
  const { alone, besideBare, besideQueen } = measured;
  const took = (of: readonly Measured[], part: number) =>
    quantile(of.map(({ tookMs }) => quantile(tookMs, part)), 0.5);
  const rate = (of: readonly Measured[]) => quantile(of.map(({ perSecond }) => perSecond), 0.5);
  const sent = (of: readonly Measured[]) =>
    Math.round(quantile(of.map(({ sentPerSecond }) => sentPerSecond), 0.5));
  const change = (took(besideQueen, 0.5) / took(besideBare, 0.5) - 1) * 100;
  return {
    name,
    "alone, median": took(alone, 0.5).toFixed(1),
    "p99": took(alone, 0.99).toFixed(1),
    "beside bare, median": took(besideBare, 0.5).toFixed(1),
    "bare p99": took(besideBare, 0.99).toFixed(1),
    "beside rbee, median": took(besideQueen, 0.5).toFixed(1),
    "rbee p99": took(besideQueen, 0.99).toFixed(1),
    "slower": `${change.toFixed(0)} %`,
    "good/s alone": rate(alone).toFixed(1),
    "good/s bare": rate(besideBare).toFixed(1),
    "good/s rbee": rate(besideQueen).toFixed(1),
    "bad/s to bare": sent(besideBare),
    "bad/s to rbee": sent(besideQueen),
  };
}

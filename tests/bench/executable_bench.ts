import { RbeeHome } from "../helpers/rbee_home.ts";
import { BuiltRbee } from "../scripts/built_rbee.ts";
import { type BenchRow, printTable } from "./table.ts";

const FIRST_STARTS = 5;
const LATER_STARTS = 20;
const UPS = 5;

/** The one file: its size, and what a start of it costs beside the same from source. */
export async function benchExecutable(): Promise<void> {
  await using built = await BuiltRbee.make();
  const first: number[] = [];
  for (let round = 0; round < FIRST_STARTS; round++) {
    await using home = await RbeeHome.create();
    first.push(await timed(() => built.run(["--version"], home)));
  }
  await using home = await RbeeHome.create();
  const portable = (...args: string[]) => timed(() => built.run(args, home));
  const source = (...args: string[]) => timed(() => home.rbee(args));
  // Unpacks the one, and has Deno compile the other.
  await portable("--version");
  await source("--version");
  const versions = {
    portable: await repeat(LATER_STARTS, () => portable("--version")),
    source: await repeat(LATER_STARTS, () => source("--version")),
  };
  const ups: Record<"portable" | "source", number[]> = { portable: [], source: [] };
  // In turn, so that both meet the same load; the first of each is thrown away.
  for (let round = 0; round <= UPS; round++) {
    for (const [form, run] of [["portable", portable], ["source", source]] as const) {
      const tookMs = await run("up");
      await run("down");
      if (round > 0) ups[form].push(tookMs);
    }
  }
  const { size } = await Deno.stat(built.file);
  printTable(`One executable: the portable file has ${(size / 1e6).toFixed(1)} MB`, [
    row("portable, its first start: unpack, then --version", first),
    row("portable, --version after that", versions.portable),
    row("source, --version", versions.source),
    row("portable, rbee up until queen and hive are ready", ups.portable),
    row("source, rbee up until queen and hive are ready", ups.source),
  ]);
}

async function timed(run: () => Promise<{ code: number; stderr: string }>): Promise<number> {
  const startedMs = performance.now();
  const { code, stderr } = await run();
  const tookMs = performance.now() - startedMs;
  if (code !== 0) throw new Error(stderr);
  return tookMs;
}

async function repeat(times: number, run: () => Promise<number>): Promise<number[]> {
  const took: number[] = [];
  for (let i = 0; i < times; i++) took.push(await run());
  return took;
}

function row(name: string, ms: readonly number[]): BenchRow {
  const sorted = ms.toSorted((a, b) => a - b);
  return {
    name,
    "times": ms.length,
    "median ms": Math.round(sorted[Math.floor(sorted.length / 2)]!),
    "fastest ms": Math.round(sorted[0]!),
    "slowest ms": Math.round(sorted.at(-1)!),
  };
}

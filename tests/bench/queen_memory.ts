import { askFixture, FixtureHome } from "./fixture_home.ts";
import { residentMb } from "./resident_memory.ts";
import { type BenchRow, printTable } from "./table.ts";

const AT_ONCE = 16;
const TOKENS = 16;
const LOOKS = [0, 1000, 2500, 5000, 10_000];

/** What queen and hive have in memory after so many streamed requests. */
export async function benchQueenMemory(): Promise<void> {
  await using fixture = await FixtureHome.start({ parallel: AT_ONCE });
  const { pid: queen } = await fixture.home.daemon("queen");
  const { pid: hive } = await fixture.home.daemon("hive");
  const rows: BenchRow[] = [];
  let asked = 0;
  for (const look of LOOKS) {
    const startedMs = performance.now();
    const before = asked;
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      while (asked < look) {
        asked++;
        await (await askFixture(fixture.queen, TOKENS)).end();
      }
    }));
    const seconds = (performance.now() - startedMs) / 1000;
    rows.push({
      name: `after ${look.toLocaleString("en")} requests`,
      "queen, resident MB": residentMb(queen),
      "hive, resident MB": residentMb(hive),
      "requests/s": look === 0 ? "" : Math.round((asked - before) / seconds),
    });
  }
  printTable(`Memory of the queen: streams of ${TOKENS} tokens, ${AT_ONCE} at once`, rows);
}

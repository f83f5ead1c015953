/**
 * `deno task page`: makes the queen's page in dist/page, from which a queen that runs from this checkout
 * takes it as long as it is of the same sources, and says how large it is.
 */
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { RbeeError } from "../src/base/rbee_error.ts";
import { bundlePage, pageFileType } from "../src/queen/page_bundle.ts";
import { MADE_OF, MADE_PAGE, replaceFolder } from "../src/queen/page_cache.ts";
import { pageSourcesHash } from "../src/queen/page_sources.ts";
import { PROJECT } from "./build_project.ts";

const made = PROJECT.path(MADE_PAGE);
await Deno.mkdir(dirname(made), { recursive: true });
const building = await Deno.makeTempDir({ dir: dirname(made), prefix: "page-" });
try {
  const hash = await pageSourcesHash(PROJECT.root);
  await bundlePage(PROJECT.root, building);
  await Deno.writeTextFile(join(building, MADE_OF), `${hash}\n`);
  const names = Array.from(Deno.readDirSync(building), ({ name }) => name).sort();
  const sizes = names.filter((name) => pageFileType(name) !== undefined).map((name) => {
    const bytes = Deno.readFileSync(join(building, name));
    return { name, bytes: bytes.length, gzipped: gzipSync(bytes, { level: 9 }).length };
  });
  await Deno.chmod(building, 0o755);
  await replaceFolder(building, made);
  for (const { name, bytes, gzipped } of sizes) say(`${name}: ${bytes} bytes, ${gzipped} gzip'd`);
  say(`Made ${made}: ${sizes.reduce((sum, { gzipped }) => sum + gzipped, 0)} bytes gzip'd in all`);
} catch (error) {
  await Deno.remove(building, { recursive: true });
  if (!(error instanceof RbeeError)) throw error;
  // All that Deno said: the sentence has the first of it, and names this command.
  say(error.cause instanceof Error ? error.cause.message : `Error: ${error.message}`);
  Deno.exitCode = 1;
}

function say(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(line + "\n"));
}

import { fileURLToPath } from "node:url";
import { type BenchServer, startServer } from "../bench_server.ts";
import type { Rival } from "./nginx.ts";

const HOP = fileURLToPath(new URL("bare_hop.ts", import.meta.url));

/** As many processes in a row in front of `upstream` as queen and hive are, which do nothing but pass on. */
export async function startBareHops(upstream: string): Promise<Rival> {
  const hive = await startHop(new URL(upstream).origin);
  const queen = await startHop(hive.url);
  return {
    target: { name: "two bare Deno.serve, worker", baseUrl: `${queen.url}/v1` },
    async [Symbol.asyncDispose]() {
      await queen[Symbol.asyncDispose]();
      await hive[Symbol.asyncDispose]();
    },
  };
}

function startHop(upstream: string): Promise<BenchServer> {
  return startServer(Deno.execPath(), ["run", "--allow-all", "--no-check", HOP, upstream]);
}

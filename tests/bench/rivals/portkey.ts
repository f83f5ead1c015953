import { freePort } from "../../../src/process/free_port.ts";
import type { Rival } from "./nginx.ts";
import { untilItListens } from "./until_it_listens.ts";

// With the newest hono that it admits it answers every request with 500 ("TypeError: immutable").
const PACKAGE = {
  private: true,
  dependencies: { "@portkey-ai/gateway": "1.15.2" },
  overrides: { "hono": "4.6.10", "@hono/node-server": "1.13.7" },
};

/** Starts Portkey's gateway under Node in front of `upstream`; undefined where npm cannot bring it. */
export async function startPortkey(upstream: string): Promise<Rival | undefined> {
  const folder = await Deno.makeTempDir({ prefix: "rbee-bench-" });
  const remove = () => Deno.remove(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/package.json`, JSON.stringify(PACKAGE));
  if (!await isInstalled(folder)) {
    await remove();
    return undefined;
  }
  const port = freePort();
  const child = new Deno.Command("node", {
    args: [
      "node_modules/@portkey-ai/gateway/build/start-server.js",
      `--port=${port}`,
      "--headless",
    ],
    cwd: folder,
    stdout: "null",
    stderr: "null",
  }).spawn();
  await untilItListens(port, child);
  return {
    target: {
      name: "Portkey's gateway, worker",
      baseUrl: `http://127.0.0.1:${port}/v1`,
      headers: {
        "Authorization": "Bearer none",
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": upstream,
      },
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
      await remove();
    },
  };
}

async function isInstalled(folder: string): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("npm", {
      args: ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"],
      cwd: folder,
      stdout: "null",
      stderr: "inherit",
    }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

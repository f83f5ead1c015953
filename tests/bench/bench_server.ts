import { LineSplitter } from "../../src/base/line_splitter.ts";

/** A server of a bench, in a process of its own. */
export interface BenchServer extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
}

/** Starts a program that prints a line of JSON with its `url`, or as narration that it is ready. */
export async function startServer(
  program: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<BenchServer> {
  const child = new Deno.Command(program, { args, env, stdout: "piped", stderr: "inherit" })
    .spawn();
  const reader = child.stdout.getReader();
  const splitter = new LineSplitter();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`${program} ${args.join(" ")} ended before it listened`);
    const url = splitter.push(value).map((line) => urlOf(line.text)).find((found) => found);
    if (url === undefined) continue;
    return {
      url,
      pid: child.pid,
      async [Symbol.asyncDispose]() {
        child.kill("SIGKILL");
        await reader.cancel();
        await child.status;
      },
    };
  }
}

function urlOf(line: string): string | undefined {
  const said = JSON.parse(line) as { url?: string; action?: string; fields?: { url?: string } };
  return said.url ?? (said.action === "worker_ready" ? said.fields?.url : undefined);
}

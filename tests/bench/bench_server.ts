import { LineSplitter } from "../../src/base/line_splitter.ts";

/** A server of a bench, in a process of its own. */
export interface BenchServer extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
}

/** Starts a program that prints `{"url": …}` as its first line. */
export async function startServer(program: string, args: string[]): Promise<BenchServer> {
  const child = new Deno.Command(program, { args, stdout: "piped", stderr: "inherit" }).spawn();
  const reader = child.stdout.getReader();
  const splitter = new LineSplitter();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`${program} ${args.join(" ")} ended before it listened`);
    const [line] = splitter.push(value);
    if (line === undefined) continue;
    const { url } = JSON.parse(line.text) as { url: string };
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

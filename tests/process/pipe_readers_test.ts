import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { openFiles } from "../../src/process/open_files.ts";
import { runProgram } from "../../src/process/run_program.ts";
import { PipeReaders } from "../../src/process/pipe_readers.ts";

const WATCHER = fileURLToPath(new URL("../fixtures/watch_pipe_readers.ts", import.meta.url));

/** Runs the watcher with its standard output going to `reader`, and gives what it said at its end. */
async function watch(reader: string): Promise<string[]> {
  const script = `"$1" run -A --quiet "$2" | { ${reader}; }`;
  const { err } = await runProgram({
    program: "bash",
    args: ["-c", script, "bash", Deno.execPath(), WATCHER],
  }, { limitMs: 60_000 });
  return err;
}

Deno.test("PipeReaders.haveLeft() says so when the reader of a pipe has left, though nothing is written", async () => {
  assert.deepEqual(await watch("head -n 1 >&2"), ["watching", "they have left"]);
});

Deno.test("PipeReaders.haveLeft() is false where standard output is a file", () => {
  using file = Deno.openSync("/dev/null");
  const { pid } = Deno;
  const [{ fd } = { fd: -1 }] = openFiles("/dev/null").filter((each) => each.pid === pid);
  assert.ok(file.isTerminal() === false && fd >= 0);
  assert.equal(new PipeReaders(fd).haveLeft(), false);
});

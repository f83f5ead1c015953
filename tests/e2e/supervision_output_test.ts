import assert from "node:assert/strict";
import { enginesAsModels, fixtureEngine, SupervisedHome } from "../helpers/supervised_home.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const MEBIBYTE = 1024 * 1024;

/**
 * The fixture engine, beside which a line of shell is run as soon as somebody opens the pipe `gate`:
 * both print to the same outputs.
 */
function printing(gate: string, script: string): { command: string[] } {
  const shell = `gate=$1; shift; (read go < "$gate"; ${script}) & exec "$@"`;
  return { command: ["/bin/sh", "-c", shell, "sh", gate, ...fixtureEngine().command] };
}

async function makeGate(folder: TemporaryFolder, name: string): Promise<string> {
  const gate = folder.join(name);
  const { success } = await new Deno.Command("mkfifo", { args: [gate] }).output();
  assert.ok(success);
  return gate;
}

/** Resident memory of a process. See proc_pid_status(5). */
function residentBytes(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]) * 1024;
}

/** Reads a worker's log as it grows, event by event as they are sent, until `take` has enough. */
async function readLog(
  home: SupervisedHome,
  workerId: string,
  take: (events: string) => boolean,
): Promise<void> {
  const answer = await fetch(`${home.hive.baseUrl}/v1/workers/${workerId}/log`);
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    assert.ok(!done, "the log has ended");
    const text = rest + value;
    const end = text.lastIndexOf("\n\n") + 2;
    if (end > 1 && take(text.slice(0, end))) break;
    rest = end > 1 ? text.slice(end) : text;
  }
  await reader.cancel();
}

Deno.test("ten million lines, and one of 100 MiB, are all that the worker's log holds, and the hive's memory stays bounded", async () => {
  const LINES = 10_000_000;
  await using folder = await TemporaryFolder.make();
  const [floodGate, longGate] = [await makeGate(folder, "flood"), await makeGate(folder, "long")];
  await using home = await SupervisedHome.up(enginesAsModels({
    flood: printing(floodGate, `seq ${LINES}; echo over`),
    long: printing(longGate, "head -c 104857600 /dev/zero | tr '\\0' x; echo; echo over"),
  }));
  const flood = await home.spawn("flood");
  const long = await home.spawn("long");
  const { pid } = await home.rbee.daemon("hive");
  const before = residentBytes(pid);

  await Deno.writeTextFile(longGate, "go\n");
  const lines: { line: string; truncated?: boolean }[] = [];
  await readLog(home, long.worker_id, (events) => {
    for (const [, data] of events.matchAll(/^event: log\ndata: (.*)$/gm)) {
      lines.push(JSON.parse(data!));
    }
    return lines.at(-1)?.line === "over";
  });
  const [cut, ...others] = lines.filter(({ line }) => line.startsWith("xx"));
  assert.equal(cut?.line.length, 64 * 1024);
  assert.equal(cut.truncated, true);
  assert.deepEqual(others, []);
  const held = Math.round((residentBytes(pid) - before) / MEBIBYTE);
  assert.ok(held < 300, `the hive has grown by ${held} MiB`);

  await Deno.writeTextFile(floodGate, "go\n");
  let count = 0;
  let peak = 0;
  await readLog(home, flood.worker_id, (events) => {
    assert.ok(!events.includes("event: gap"), "events are lost");
    for (const [, line] of events.matchAll(/"stream":"stdout","line":"(\d+)"/g)) {
      if (Number(line) !== ++count) assert.fail(`line ${line} comes after ${count - 1}`);
    }
    peak = Math.max(peak, residentBytes(pid));
    return events.includes('"line":"over"');
  });
  assert.equal(count, LINES);
  const grown = Math.round((peak - before) / MEBIBYTE);
  assert.ok(grown < 700, `the hive has grown by ${grown} MiB; the log has more than 1400`);

  for (const model of ["flood", "long"]) {
    const asked = await home.watch({ operation: "infer", model, prompt: "Hello", max_tokens: 2 });
    assert.equal((await asked.end).type, "done");
    assert.equal(asked.text, "The bee", "the engine goes on");
    assert.equal((await home.worker(model)).restarts, 0);
  }
  await home.end();
});

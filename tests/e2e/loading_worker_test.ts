import assert from "node:assert/strict";
import { delay } from "../../src/base/delay.ts";
import { CapturedChild } from "../helpers/captured_child.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";
import { processGone } from "../helpers/supervised_home.ts";

const SERVE = ["serve", "--role", "worker", "--model", "bee-tiny", "--port", "0", "--parent-pipe"];

/** What llama.cpp's package tries the library in, before the worker itself loads it. */
const TRIAL = "testBindingBinary";

function startWorker(home: RbeeHome): CapturedChild {
  const [program, ...args] = home.command(SERVE);
  const env = { ...Deno.env.toObject(), ...home.env };
  return new CapturedChild({ program: program!, args, env });
}

/** A worker that loads, and the process of its trial, halted: it learns nothing, and ends not by itself. */
async function startOnTrial(home: RbeeHome): Promise<{ worker: CapturedChild; trial: number }> {
  for (;;) {
    const worker = startWorker(home);
    let hasEnded = false;
    worker.ended.then(() => hasEnded = true);
    const isReady = () => worker.logged().some((line) => line.includes("worker_ready"));
    while (!isReady()) {
      assert.equal(hasEnded, false, worker.logged().join("\n"));
      const trial = home.processes().find(({ command }) => command.includes(TRIAL))?.pid;
      if (trial !== undefined && halt(trial)) return { worker, trial };
      await delay(1);
    }
    // It was over between two looks.
    await worker[Symbol.asyncDispose]();
  }
}

function halt(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGSTOP");
    return true;
  } catch {
    // It has ended meanwhile.
    return false;
  }
}

const WAYS: Record<string, (worker: CapturedChild) => unknown> = {
  "whose parent goes": ({ child }) => child.closeInput(),
  "that is told to end": ({ child }) => Deno.kill(child.pid, "SIGTERM"),
};

for (const [name, end] of Object.entries(WAYS)) {
  Deno.test(`a worker ${name} while it loads takes along the process in which llama.cpp is tried out`, async () => {
    await using home = await RbeeHome.create();
    const { worker, trial } = await startOnTrial(home);
    await using _worker = worker;
    await end(worker);
    assert.equal((await worker.ended).code, 0, worker.logged().join("\n"));
    await processGone(trial);
    assert.deepEqual(home.processes(), []);
  });
}

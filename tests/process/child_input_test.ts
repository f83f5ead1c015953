import assert from "node:assert/strict";
import { spawnChild } from "../../src/process/child.ts";
import { CapturedChild, shell } from "../helpers/captured_child.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("writeInput() gives the child what it reads, and the pipe stays open", async () => {
  await using child = new CapturedChild(
    shell("read a; echo got $a; read b; echo got $b; cat; echo over"),
  );
  await child.child.writeInput(bytes("one\n"));
  await child.printed("got one");
  await child.child.writeInput(bytes("two\n"));
  await child.printed("got two");
  await child.child.closeInput();
  await child.printed("over");
  await child.child.writeInput(bytes("too late"));
});

Deno.test("writeInput() to a child that reads nothing and ends is no error", async () => {
  await using child = new CapturedChild(shell("exec <&-; echo closed"));
  await child.printed("closed");
  await child.child.writeInput(new Uint8Array(2 ** 20));
  assert.equal((await child.ended).code, 0);
});

Deno.test("a child on the terminal stays in this process's group, and is signalled alone", async () => {
  const child = spawnChild({ ...shell("exec sleep 1000"), mode: "captured", onTerminal: true });
  const group = (pid: number | "self") =>
    Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ").at(-1)!.split(" ")[2];
  assert.equal(group(child.pid), group("self"));
  assert.equal(child.signalGroup("SIGTERM"), true);
  assert.equal((await child.exited).signal, "SIGTERM");
  assert.equal(child.signalGroup("SIGTERM"), false);
  await Promise.all([child.stdout?.cancel(), child.stderr?.cancel()]);
});

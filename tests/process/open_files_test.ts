import assert from "node:assert/strict";
import { openFiles, openLink } from "../../src/process/open_files.ts";

Deno.test("openFiles() finds every process that has a pipe open, and no other", async () => {
  const child = new Deno.Command("cat", { stdin: "piped", stdout: "null" }).spawn();
  const input = { pid: child.pid, fd: 0 };
  const link = openLink(input);
  assert.match(link ?? "", /^(pipe|socket):\[\d+\]$/);
  const isOurs = ({ pid }: { pid: number }) => [child.pid, Deno.pid].includes(pid);
  // A process that another test starts at this moment has it open until its own program begins.
  for (let looks = 0; looks < 1000 && !openFiles(link!).every(isOurs); looks++);
  const users = openFiles(link!);
  assert.ok(users.some(({ pid, fd }) => pid === input.pid && fd === 0), JSON.stringify(users));
  assert.ok(users.every(isOurs), JSON.stringify(users));
  await child.stdin.close();
  await child.status;
  for (let looks = 0; looks < 1000 && openFiles(link!).length > 0; looks++);
  assert.deepEqual(openFiles(link!), []);
  assert.equal(openLink(input), undefined);
});

Deno.test("openFiles() finds nothing for what is not there", () => {
  assert.deepEqual(openFiles("socket:[0]"), []);
});

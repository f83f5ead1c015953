import assert from "node:assert/strict";
import { openFiles, openLink } from "../../src/process/open_files.ts";

Deno.test("openFiles() finds every process that has a pipe open, and no other", async () => {
  const child = new Deno.Command("cat", { stdin: "piped", stdout: "null" }).spawn();
  const input = { pid: child.pid, fd: 0 };
  const link = openLink(input);
  assert.match(link ?? "", /^(pipe|socket):\[\d+\]$/);
  const users = openFiles(link!);
  assert.ok(users.some(({ pid, fd }) => pid === input.pid && fd === 0), JSON.stringify(users));
  assert.ok(users.every(({ pid }) => [child.pid, Deno.pid].includes(pid)), JSON.stringify(users));
  await child.stdin.close();
  await child.status;
  assert.deepEqual(openFiles(link!), []);
  assert.equal(openLink(input), undefined);
});

Deno.test("openFiles() finds nothing for what is not there", () => {
  assert.deepEqual(openFiles("socket:[0]"), []);
});

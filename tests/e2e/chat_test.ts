import assert from "node:assert/strict";
import { RbeeHome } from "../helpers/rbee_home.ts";
import { TerminalSession } from "../helpers/terminal_session.ts";

Deno.test("rbee run without a prompt on a terminal starts what is missing and chats", async () => {
  await using home = await RbeeHome.create();
  const command = home.command(["run", "bee-tiny", "--temperature", "0", "--max-tokens", "24"]);
  await using terminal = new TerminalSession(command, home.env);
  const start = await terminal.shows(/^> $/m);
  assert.match(start, /The queen is ready/);
  await terminal.type("Tell me a story about Luna.\r");
  const first = await terminal.shows(/^> $/m);
  assert.match(first, /worker_ready/, "the worker is started for the first prompt");
  const answer = first.trimEnd().split("\n").filter((line) => !line.startsWith("[")).slice(1, -1);
  assert.ok(answer.join("\n").length > 10, `an answer: ${first}`);
  await terminal.type("And then?\r");
  assert.doesNotMatch(await terminal.shows(/^> $/m), /Error|worker_ready/);
  await terminal.type("\x04");
  assert.equal(await terminal.ended, 0);
});

import assert from "node:assert/strict";
import { shellQuote } from "../../src/ssh/shell_quote.ts";
import { TerminalSession } from "../helpers/terminal_session.ts";

const MODULE = new URL("../../src/keeper/terminal.ts", import.meta.url).href;
const QUEUE = new URL("../../src/narration/output_queue.ts", import.meta.url).href;
const PROGRAM = `
  import { ownTerminal } from ${JSON.stringify(MODULE)};
  import { OutputQueue } from ${JSON.stringify(QUEUE)};
  const terminal = ownTerminal(new OutputQueue());
  console.log(terminal.canRewrite, terminal.color, terminal.columns());
  await Deno.stdin.read(new Uint8Array(1));
  console.log(terminal.columns());
`;

for (
  const [env, expected] of [
    ["NO_COLOR=", "true true 61"],
    ["NO_COLOR=1", "true false 61"],
    ["NO_COLOR= TERM=dumb", "false false 61"],
    ["NO_COLOR= FORCE_COLOR=1 TERM=dumb", "false true 61"],
  ] as const
) {
  Deno.test(`ownTerminal() tells with ${env} whether rows can be written over, colour, and its width`, async () => {
    const deno = [Deno.execPath(), "eval", "--no-check", PROGRAM].map(shellQuote).join(" ");
    const tty = '"$(tty)"';
    const line = `stty cols 61; export ${env}; ${deno}`;
    await using terminal = new TerminalSession(["sh", "-c", `echo tty: ${tty}; ${line}`], {});
    const [, device] = /tty: (\S+)\n/.exec(await terminal.shows(/tty: \S+\n/))!;
    await terminal.shows(new RegExp(`${expected}\n`));
    const resized = new Deno.Command("stty", { args: ["-F", device!, "cols", "33"] });
    assert.equal((await resized.output()).code, 0);
    await terminal.type("\r");
    await terminal.shows(/\b33\n/);
    assert.equal(await terminal.ended, 0);
  });
}

Deno.test("ownTerminal() of a terminal without a size takes the usual one", async () => {
  const deno = [Deno.execPath(), "eval", "--no-check", PROGRAM].map(shellQuote).join(" ");
  await using terminal = new TerminalSession(["sh", "-c", `stty cols 0; ${deno}`], {});
  await terminal.shows(/ 80\n/);
});

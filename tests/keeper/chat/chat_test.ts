import assert from "node:assert/strict";
import { shellQuote } from "../../../src/ssh/shell_quote.ts";
import { ChatSession } from "../../helpers/chat_session.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";
import { TerminalSession } from "../../helpers/terminal_session.ts";

const user = (content: string) => ({ role: "user", content });
const assistant = (content: string) => ({ role: "assistant", content });
const CTRL_C = "\x03";
const CTRL_D = "\x04";
const UP = "\x1b[A";
const MARK_PASTES = "\x1b[?2004h";
const LEAVE_PASTES = "\x1b[?2004l";
const pasted = (text: string) => `\x1b[200~${text}\x1b[201~`;

Deno.test("a chat asks each prompt with what was said before, until Ctrl-D", async () => {
  await using chat = await ChatSession.start();
  assert.match(await chat.ask("first"), /^You said first$/m);
  await chat.ask("second");
  assert.deepEqual(chat.requests, [
    [user("first")],
    [user("first"), assistant("You said first"), user("second")],
  ]);
  await chat.terminal.type(CTRL_D);
  assert.equal(await chat.terminal.ended, 0);
});

Deno.test("/clear begins the conversation anew, and keeps the instruction before it", async () => {
  await using chat = await ChatSession.start("--system", "Be short.");
  await chat.ask("first");
  await chat.ask("/clear");
  await chat.ask("second");
  const system = { role: "system", content: "Be short." };
  assert.deepEqual(chat.requests.at(-1), [system, user("second")]);
});

Deno.test("Ctrl-C stops the answer and not the chat, and what came of it is kept", async () => {
  await using chat = await ChatSession.start();
  await chat.terminal.type("wait\r");
  await chat.terminal.shows(/So far/);
  await chat.terminal.type(CTRL_C);
  const shown = await chat.prompt();
  await chat.untilCancelled(1);
  assert.doesNotMatch(shown, /Error/);
  await chat.ask("next");
  assert.deepEqual(chat.requests.at(-1), [user("wait"), assistant("So far"), user("next")]);
  await chat.terminal.type(CTRL_C);
  assert.equal(await chat.terminal.ended, 0);
});

Deno.test("Ctrl-C takes back what was typed, and the chat goes on", async () => {
  await using chat = await ChatSession.start();
  await chat.terminal.type("not this");
  await chat.terminal.shows(/not this/);
  await chat.terminal.type(CTRL_C);
  await chat.prompt();
  await chat.ask("but this");
  assert.deepEqual(chat.requests, [[user("but this")]]);
});

Deno.test("an error of one request does not end the chat, nor stay in the conversation", async () => {
  await using chat = await ChatSession.start();
  assert.match(await chat.ask("fail"), /Error: The worker has died/);
  await chat.ask("next");
  assert.deepEqual(chat.requests.at(-1), [user("next")]);
});

Deno.test("commands are not asked, unknown ones are named, and /exit ends with 0", async () => {
  await using chat = await ChatSession.start();
  assert.match(await chat.ask("/help"), /\/clear +begin the conversation anew/);
  assert.match(await chat.ask("/x"), /Error: There is no \/x in a chat; \/help shows/);
  await chat.ask("");
  assert.deepEqual(chat.requests, []);
  await chat.terminal.type("/exit\r");
  assert.equal(await chat.terminal.ended, 0);
});

Deno.test("a backslash at the end of a line continues the prompt on the next", async () => {
  await using chat = await ChatSession.start();
  await chat.terminal.type("one\\\r");
  await chat.terminal.shows(/^\.\.\. $/m);
  await chat.ask("two");
  assert.deepEqual(chat.requests, [[user("one\ntwo")]]);
});

Deno.test("Ctrl-C in a continued prompt takes all of it back", async () => {
  await using chat = await ChatSession.start();
  await chat.terminal.type("one\\\r");
  await chat.terminal.shows(/^\.\.\. $/m);
  await chat.terminal.type(CTRL_C);
  await chat.prompt();
  await chat.ask("two");
  assert.deepEqual(chat.requests, [[user("two")]]);
});

Deno.test("the arrow up brings back what was typed before", async () => {
  await using chat = await ChatSession.start();
  await chat.ask("again");
  await chat.ask(UP);
  assert.deepEqual(chat.requests.at(-1)?.at(-1), user("again"));
});

Deno.test("narration stands between the prompt and the answer", async () => {
  await using chat = await ChatSession.start();
  const shown = await chat.ask("hello");
  assert.match(shown, /^hello\n.*Thinking of an answer\nYou said hello\n> $/s);
});

Deno.test("with -q a chat shows prompts and answers alone", async () => {
  await using chat = await ChatSession.start("-q");
  assert.match(await chat.ask("hello"), /^hello\nYou said hello\n> $/);
  assert.doesNotMatch(chat.terminal.shown, /\[keeper|\[queen/);
});

Deno.test("a line that is typed while an answer comes is asked after it", async () => {
  await using chat = await ChatSession.start();
  await chat.terminal.type("first\rsecond\r");
  await chat.terminal.shows(/You said second/);
  assert.deepEqual(chat.requests.map((messages) => messages.at(-1)), [
    user("first"),
    user("second"),
  ]);
});

Deno.test("Ctrl-C takes back lines that were typed while the answer came", async () => {
  await using chat = await ChatSession.start();
  await chat.terminal.type("wait\r");
  await chat.terminal.shows(/So far/);
  await chat.terminal.type(`never\rnor this${CTRL_C}`);
  await chat.prompt();
  await chat.ask("next");
  assert.deepEqual(chat.requests.map((messages) => messages.at(-1)), [user("wait"), user("next")]);
});

Deno.test("Ctrl-C after a Ctrl-D ends the answer that comes, takes the Ctrl-D back, and the chat goes on", async () => {
  await using chat = await ChatSession.start();
  await chat.terminal.type("wait\r");
  await chat.terminal.shows(/So far/);
  await chat.terminal.type(CTRL_D + CTRL_C);
  await chat.prompt();
  await chat.untilCancelled(1);
  await chat.ask("next");
  assert.deepEqual(chat.requests.at(-1), [user("wait"), assistant("So far"), user("next")]);
});

Deno.test("Ctrl-D while an answer comes ends the chat after it", async () => {
  await using chat = await ChatSession.start();
  await chat.terminal.type(`first\r${CTRL_D}`);
  await chat.terminal.shows(/You said first\n> \n/);
  assert.equal(await chat.terminal.ended, 0);
});

Deno.test("a pasted text of several lines is one prompt, without what a terminal would obey", async () => {
  await using chat = await ChatSession.start();
  await chat.ask(`See: ${pasted("one\rtwo\r\n\tthree\x07\x1b[A\n/exit")} Done?`);
  const text = "See: one\ntwo\n\tthree\n/exit Done?";
  assert.deepEqual(chat.requests, [[user(text)]]);
  await chat.ask(UP);
  assert.deepEqual(chat.requests.at(-1)?.at(-1), user(text));
});

Deno.test("a text that is pasted while an answer comes stands at the next prompt", async () => {
  await using chat = await ChatSession.start();
  await chat.terminal.type(`first\r${pasted("one\rtwo")}`);
  await chat.terminal.shows(/You said first\n> one\ntwo$/);
  await chat.ask("");
  assert.deepEqual(chat.requests.at(-1)?.at(-1), user("one\ntwo"));
});

Deno.test("a chat lets the terminal mark what is pasted, until it ends", async () => {
  await using chat = await ChatSession.start();
  const { terminal } = chat;
  assert.ok(terminal.raw.includes(MARK_PASTES));
  assert.ok(!terminal.raw.includes(LEAVE_PASTES));
  await terminal.type(CTRL_D);
  await terminal.shows(/\n$/);
  await terminal.ended;
  assert.ok(terminal.raw.lastIndexOf(LEAVE_PASTES) > terminal.raw.lastIndexOf(MARK_PASTES));
});

/** The command line of a chat on a terminal of 80 columns. */
function ofEightyColumns({ command }: ChatSession): string[] {
  return ["sh", "-c", `stty cols 80 rows 24; exec ${command.map(shellQuote).join(" ")}`];
}

for (
  const [way, keys] of [
    ["marked as pasted", pasted],
    ["typed at once", (text: string) => text],
  ] as const
) {
  Deno.test(`a long text that is ${way} is drawn once, not anew with each row`, async () => {
    await using chat = await ChatSession.start();
    await using terminal = new TerminalSession(ofEightyColumns(chat), chat.env);
    await terminal.shows(/^> $/m);
    const text = "word ".repeat(600).trim();
    const before = terminal.raw.length;
    await terminal.type(`${keys(text)}\r`);
    await terminal.shows(/Thinking/);
    assert.deepEqual(chat.requests, [[user(text)]]);
    const drawn = terminal.raw.length - before;
    assert.ok(drawn < 3 * text.length, `${drawn} characters for ${text.length}`);
  });
}

Deno.test("what is typed while an answer comes, however long, is drawn below the answer", async () => {
  await using chat = await ChatSession.start();
  await using terminal = new TerminalSession(ofEightyColumns(chat), chat.env);
  await terminal.shows(/^> $/m);
  const text = "x".repeat(500);
  await terminal.type(`first\r${text}`);
  await terminal.shows(/x{500}/);
  const [, below = ""] = terminal.raw.split("You said first");
  // The cursor goes up nowhere on the way from the answer to the text.
  assert.ok(below.includes(text));
  assert.doesNotMatch(JSON.stringify(below), /u001b\[\d+A/);
  await terminal.type("\r");
  await terminal.shows(/> $/);
  assert.deepEqual(chat.requests.at(-1)?.at(-1), user(text));
});

Deno.test("a chat whose process is told to stop ends with 130", async () => {
  await using chat = await ChatSession.start();
  const [keeper] = chat.keepers();
  Deno.kill(keeper!.pid, "SIGINT");
  assert.equal(await chat.terminal.ended, 130);
});

Deno.test("a chat whose terminal goes ends too", async () => {
  await using chat = await ChatSession.start();
  assert.equal(chat.keepers().length, 1);
  chat.terminal.hangUp();
  while (chat.keepers().length > 0) await Deno.stat("/proc");
});

Deno.test("where the answer goes to a file, the terminal's lines are one prompt", async () => {
  await using chat = await ChatSession.start();
  await using folder = await TemporaryFolder.make();
  const file = folder.join("answer.txt");
  const line = `${chat.command.map(shellQuote).join(" ")} > ${shellQuote(file)}`;
  await using terminal = new TerminalSession(["sh", "-c", line], chat.env);
  await terminal.shows(/end it with Ctrl-D/);
  await terminal.type(`one\ntwo\n${CTRL_D}`);
  assert.equal(await terminal.ended, 0);
  assert.equal(await Deno.readTextFile(file), "You said one\ntwo");
});

Deno.test("a chat that was suspended with Ctrl-Z goes on after fg", async () => {
  await using chat = await ChatSession.start();
  const line = `set -m; ${chat.command.map(shellQuote).join(" ")}; echo suspended; fg`;
  await using terminal = new TerminalSession(["bash", "-c", line], chat.env);
  await terminal.shows(/^> $/m);
  await terminal.type("\x1a");
  await terminal.shows(/^suspended$/m);
  assert.ok(terminal.raw.split("suspended")[0]!.includes(LEAVE_PASTES));
  await terminal.shows(/> $/);
  await terminal.type("hello\r");
  await terminal.shows(/You said hello\n> $/);
  assert.ok(terminal.raw.split("suspended")[1]!.includes(MARK_PASTES));
  await terminal.type(CTRL_D);
  assert.equal(await terminal.ended, 0);
});

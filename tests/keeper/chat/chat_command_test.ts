import assert from "node:assert/strict";
import { completeCommand, readChatLine } from "../../../src/keeper/chat/chat_command.ts";

const LINES: [string, ReturnType<typeof readChatLine>][] = [
  ["", { kind: "nothing" }],
  [" \t", { kind: "nothing" }],
  ["/exit", { kind: "exit" }],
  ["/clear ", { kind: "clear" }],
  ["/help", { kind: "help" }],
  ["/exit now", { kind: "unknown", name: "/exit now" }],
  ["/x", { kind: "unknown", name: "/x" }],
  ["/", { kind: "unknown", name: "/" }],
  ["/EXIT", { kind: "unknown", name: "/EXIT" }],
  ["hello", { kind: "prompt", text: "hello" }],
  [" /exit", { kind: "prompt", text: " /exit" }],
  ["/etc/passwd is what?", { kind: "prompt", text: "/etc/passwd is what?" }],
  ["one\n/exit", { kind: "prompt", text: "one\n/exit" }],
];

for (const [text, expected] of LINES) {
  Deno.test(`readChatLine() takes ${JSON.stringify(text)} for ${expected.kind}`, () => {
    assert.deepEqual(readChatLine(text), expected);
  });
}

Deno.test("completeCommand() gives the commands that begin so, and none for other text", () => {
  assert.deepEqual(completeCommand("/c"), [["/clear"], "/c"]);
  assert.deepEqual(completeCommand("/"), [["/exit", "/clear", "/help"], "/"]);
  assert.deepEqual(completeCommand("hello"), [[], "hello"]);
  assert.deepEqual(completeCommand(""), [[], ""]);
});

import assert from "node:assert/strict";
import { LineRedactor } from "../../src/base/line_redactor.ts";
import { redact } from "../../src/base/redact.ts";
import { redactValue } from "../../src/base/redact_value.ts";
import { isSecretName } from "../../src/base/secret_signs.ts";
import { growsLinearly } from "../helpers/growth.ts";

/** Texts that begin what they do not end, or end it late, again and again. */
const HOSTILE = [
  ...["a", " ", "-", "--", "_", "=", ":", "\\", '"', "@", "\t", "é", "B", "K", "\ud800"],
  ...[
    "token",
    "token=",
    "token =",
    "token:",
    "token=1 ",
    "token='",
    'token="\\',
    "token=\\",
    "token=[",
  ],
  ...['"token":"', '\\"token\\":\\"', "pwd=/", "password=[redacted] ", "token='[redacted] "],
  ...["Authorization: ", "Authorization: [redacted] ", "Cookie: a=b; ", "'Cookie: "],
  ...[
    "--token ",
    "--token=",
    "--token--",
    "--a-",
    "--token,",
    "--token [redacted] ",
    `"--token", "`,
  ],
  ...[
    "sk-",
    "sk-a",
    "sk-a-",
    "hf_",
    "a_hf_",
    "rbee_",
    "xoxb-",
    "github_pat_a_",
    "AKIA",
    "AKIAAAAA",
    "AIza",
  ],
  ...["SG.", "ya29.", "whsec_a", "r8_", "sk-aaaaaaaaaaaaaaaaaaaaaaaa-", "bearer%20", 'bearer":'],
  ...[
    '"token",',
    '"token","a",',
    "token=Some(",
    "token=b'",
    "token=[{",
    'token={"',
    "pass:",
    "_auth=",
  ],
  ...["token1=", "token_read=", "token =", "://a/b@", "http://aaaaaaaaaaaaaaaaaaa1@", "\n"],
  ...[
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\n",
    "-----BEGIN PRIVATE KEY-----\nMIIE\n",
  ],
  ...["eyJ", "eyJa", "eyJa ", "eyJ.", ".eyJ", "Bearer ", "Bearer a ", "bearer\t", "BBearer"],
  ...["://", "://a", "://a:", "://a:b", "://a:b@", "://a@", "://u:[redacted]@", "http://a:b@c/"],
  ...["-----BEGIN ", "-----BEGIN PRIVATE KEY", "-----END", "-----BEGIN PRIVATE KEY----------END"],
  ...[
    "private_",
    "key",
    "api key ",
    "secret".repeat(9),
    `${" ".repeat(40)}:`,
    `token${" ".repeat(31)}`,
  ],
  ...[`://${"a".repeat(250)}:`, `://a:${"b".repeat(500)}`, `--${"a".repeat(50)} `],
];

/** Of the shape `xxxx…y`: one begin, and then all that it could go on with. */
const LONG = [
  "token=",
  'token="',
  "://a:",
  "Bearer ",
  "sk-",
  "eyJ",
  "--",
  "Authorization: ",
  "--token ",
  "token=Some(",
  "token={",
  "-----BEGIN PRIVATE KEY-----",
  "-----BEGIN PRIVATE KEY-----\n",
];

Deno.test("redact() takes time in proportion to its text, whatever that is", () => {
  for (const piece of HOSTILE) {
    const text = piece.repeat(Math.ceil(1_000_000 / piece.length));
    assert.ok(growsLinearly(redact, text), `it grows with ${JSON.stringify(piece)}`);
  }
  for (const begin of LONG) {
    for (const piece of ["a", "-", " ", "\\", "a.", "a:", "a ", "a\n", "+"]) {
      const text = begin + piece.repeat(1_000_000 / piece.length);
      assert.ok(growsLinearly(redact, text), `it grows with ${begin}${piece}`);
    }
  }
});

Deno.test("LineRedactor takes time in proportion to its line, also within a private key", () => {
  for (
    const piece of ["-----BEGIN PRIVATE KEY", "-----END", "-----END-----BEGIN PRIVATE KEY-----"]
  ) {
    const run = (text: string) => {
      const redactor = new LineRedactor();
      redactor.line("-----BEGIN PRIVATE KEY-----");
      redactor.line(text);
    };
    const text = piece.repeat(Math.ceil(1_000_000 / piece.length));
    assert.ok(growsLinearly(run, text), `it grows with ${piece}`);
  }
});

Deno.test("isSecretName() takes time in proportion to its name", () => {
  for (const piece of ["a", "api_", "secret-", "key"]) {
    const name = piece.repeat(1_000_000 / piece.length);
    assert.ok(growsLinearly(isSecretName, name), `it grows with ${piece}`);
  }
});

Deno.test("redactValue() takes time in proportion to a huge value", () => {
  const list = (length: number) => Array.from({ length }, (_, i) => ({ [`name${i}`]: "a", i }));
  const ofText = (text: string) => void redactValue(list(text.length / 10));
  assert.ok(growsLinearly(ofText, "a".repeat(1_000_000)));
});

import assert from "node:assert/strict";
import { LineRedactor } from "../../src/base/line_redactor.ts";

function redacted(lines: readonly string[]): string[] {
  const redactor = new LineRedactor();
  return lines.map((line) => redactor.line(line));
}

Deno.test("LineRedactor.line() hides each line of a private key and none after it", () => {
  assert.deepEqual(
    redacted([
      "reading the key",
      "key: -----BEGIN OPENSSH PRIVATE KEY-----",
      "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU",
      "QyNTUxOQAAACB",
      "-----END OPENSSH PRIVATE KEY----- was read",
      "ready",
    ]),
    [
      "reading the key",
      "key: [redacted]",
      "[redacted]",
      "[redacted]",
      "[redacted] was read",
      "ready",
    ],
  );
});

Deno.test("LineRedactor.line() goes on after a private key that ends in its own line", () => {
  assert.deepEqual(
    redacted(["-----BEGIN PRIVATE KEY-----MIIE-----END PRIVATE KEY-----", "ready"]),
    ["[redacted]", "ready"],
  );
});

Deno.test("LineRedactor.line() hides a key that begins where another ends", () => {
  assert.deepEqual(
    redacted([
      "-----BEGIN PRIVATE KEY-----",
      "-----END PRIVATE KEY----------BEGIN PRIVATE KEY-----",
      "MIIE",
      "-----END PRIVATE KEY-----",
      "ready",
    ]),
    ["[redacted]", "[redacted][redacted]", "[redacted]", "[redacted]", "ready"],
  );
});

Deno.test("LineRedactor.line() hides a key whose begin another secret has swallowed", () => {
  assert.deepEqual(
    redacted(['PRIVATE_KEY="-----BEGIN PRIVATE KEY-----', "MIIE", '-----END PRIVATE KEY-----"']),
    ['PRIVATE_KEY="[redacted]', "[redacted]", '[redacted]"'],
  );
});

Deno.test("LineRedactor.line() shows lines again 500 after a key that never ends", () => {
  const lines = redacted(["-----BEGIN PRIVATE KEY-----", ...Array<string>(501).fill("MIIE")]);
  assert.equal(lines[500], "[redacted]");
  assert.equal(lines[501], "MIIE");
});

Deno.test("LineRedactor.peek() hides what is not whole, and does not take it for the next line", () => {
  const redactor = new LineRedactor();
  assert.equal(redactor.peek("-----BEGIN PRIVATE KEY-----"), "[redacted]");
  assert.ok(!redactor.inKey);
  assert.equal(redactor.line("ready"), "ready");
  redactor.line("-----BEGIN PRIVATE KEY-----");
  assert.equal(redactor.peek("MII"), "[redacted]");
  assert.ok(redactor.inKey);
});

Deno.test("LineRedactor.line() hides nothing after a sentence about a private key", () => {
  for (
    const sentence of [
      "error: no -----BEGIN PRIVATE KEY----- in /etc/key.pem",
      "error: no -----BEGIN PRIVATE KEY----- found",
      "it must begin with -----BEGIN PRIVATE KEY-----",
      'it must begin with "-----BEGIN PRIVATE KEY-----".',
    ]
  ) {
    const [, ...after] = redacted([sentence, "CUDA out of memory", "ready"]);
    assert.deepEqual(after, ["CUDA out of memory", "ready"], sentence);
  }
});

Deno.test("LineRedactor.line() ends a private key at the first line that cannot be of one", () => {
  const body = "MIIEowIBAAKCAQEA7bq9Vx2Qw0ZseUZyb21GbG93ZXIMIIEowIBAAKCAQEA7bq9";
  assert.deepEqual(
    redacted([
      "-----BEGIN RSA PRIVATE KEY-----",
      "Proc-Type: 4,ENCRYPTED",
      "DEK-Info: AES-128-CBC,0123456789ABCDEF0123456789ABCDEF",
      "",
      body,
      `"${body}\\n",`,
      `12:00:00 INFO ${body}`,
      "Qw==",
      "error: HF_TOKEN=abc of the hub",
      body,
    ]),
    [
      "[redacted]",
      "[redacted]",
      "[redacted]",
      "",
      "[redacted]",
      "[redacted]",
      "[redacted]",
      "[redacted]",
      "error: HF_TOKEN=[redacted] of the hub",
      body,
    ],
  );
});

Deno.test("LineRedactor.line() hides a private key whose line ends are written as escapes", () => {
  const [first, second] = redacted([
    String.raw`-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN\nBgkqhkiG9w0B`.replaceAll("\\\\", "\\"),
    "CUDA out of memory",
  ]);
  assert.deepEqual([first, second], ["[redacted]", "CUDA out of memory"]);
});

import assert from "node:assert/strict";
import fc from "fast-check";
import { formatDestination, parseDestination } from "../../src/ssh/destination.ts";
import { anyText } from "../helpers/hostile_strings.ts";

Deno.test("parseDestination() reads user, host and port", () => {
  const cases: [string, object][] = [
    ["gpu", { host: "gpu" }],
    ["gpu-1.lan", { host: "gpu-1.lan" }],
    ["ann@10.0.0.7:2222", { user: "ann", host: "10.0.0.7", port: 2222 }],
    ["ann@corp.example@gpu", { user: "ann@corp.example", host: "gpu" }],
    ["[::1]:22", { host: "::1", port: 22 }],
    ["root@[fe80::1%eth0]", { user: "root", host: "fe80::1%eth0" }],
    ["2001:db8::7", { host: "2001:db8::7" }],
    ["gpu:65535", { host: "gpu", port: 65535 }],
  ];
  for (const [text, expected] of cases) assert.deepEqual(parseDestination(text), expected, text);
});

Deno.test("formatDestination() writes what parseDestination() reads", () => {
  for (const text of ["gpu", "ann@gpu:22", "[::1]:22", "ann@::1", "[fe80::1%eth0]:1"]) {
    assert.equal(formatDestination(parseDestination(text)), text);
  }
});

Deno.test("parseDestination() refuses what an option parser or a shell gives a meaning", () => {
  const bad = [
    "",
    "-oProxyCommand=touch x",
    "ann@-oProxyCommand=touch",
    "-l@gpu",
    "a b",
    "a;b",
    "$(id)",
    "`id`",
    "a|b",
    "a&b",
    "a'b",
    'a"b',
    "a\\b",
    "a\nb",
    "a\u0000b",
    "a\u202eb",
    "~root",
    "a*",
    "user@",
    "@gpu",
    "%h",
    "ssh://gpu",
    "gpu:0",
    "gpu:65536",
    "gpu:",
    "gpu:22x",
    "gpu:-1",
    "[gpu]:22",
    "[::1]22",
    "[::1",
    "x".repeat(513),
  ];
  for (const text of bad) {
    assert.throws(() => parseDestination(text), { code: "bad_destination" }, JSON.stringify(text));
  }
});

Deno.test("whatever parseDestination() accepts holds nothing of a shell, and survives a round trip", () => {
  fc.assert(fc.property(
    fc.oneof(anyText(), fc.string({ unit: fc.constantFrom(..."ab1.@:[]-;$ '%") })),
    (text) => {
      let read;
      try {
        read = parseDestination(text);
      } catch (error) {
        assert.equal((error as { code?: string }).code, "bad_destination");
        return;
      }
      assert.doesNotMatch(text, /^-|[\s;&|<>$`"'\\(){}*?!#~]/);
      assert.deepEqual(parseDestination(formatDestination(read)), read);
    },
  ));
});

import assert from "node:assert/strict";
import { isLoopbackHost } from "../../src/base/loopback.ts";

Deno.test("isLoopbackHost() knows the names and addresses that lead to this machine alone", () => {
  for (const host of ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "::1", "[::1]"]) {
    assert.equal(isLoopbackHost(host), true, host);
  }
  const others = ["0.0.0.0", "::", "10.0.0.5", "127.0.0.1.example", "x127.0.0.1", "localhost.evil"];
  for (const host of [...others, "", "127.0.0", "::1:1", "bees.example", "[::1]:80"]) {
    assert.equal(isLoopbackHost(host), false, host);
  }
});

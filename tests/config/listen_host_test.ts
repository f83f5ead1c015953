import assert from "node:assert/strict";
import { isListenHost } from "../../src/config/listen_host.ts";

Deno.test("isListenHost() takes names and addresses, those of IPv6 with and without brackets", () => {
  const hosts = ["localhost", "gpu-box.lan", "a_b", "127.0.0.1", "0.0.0.0", "::", "::1", "[::1]"];
  for (const host of [...hosts, "fd00::1:2", "::ffff:10.0.0.1"]) {
    assert.ok(isListenHost(host), host);
  }
});

Deno.test("isListenHost() refuses what no role can listen on", () => {
  const hosts = ["", " ", "not a host!", "a\0b", "a/b", "a:80", "127.0.0.1:80", "http://a", "-a"];
  for (const host of [...hosts, "999.1.1.1", "1:2:3:4:5:6:7:8:9", "[::1]:80", "fe80::1%lo"]) {
    assert.ok(!isListenHost(host), host);
  }
});

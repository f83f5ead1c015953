import assert from "node:assert/strict";
import { peerOf, PeerRates } from "../../src/http/peer_rates.ts";

const ONCE = { perSecond: 1, burst: 1 };

Deno.test("PeerRates.take() measures each peer by itself", () => {
  const rates = new PeerRates();
  assert.equal(rates.take("a", ONCE, 0), 0);
  assert.equal(rates.take("b", ONCE, 0), 0);
  assert.equal(rates.take("a", ONCE, 0), 1000);
});

Deno.test("PeerRates.take() forgets who was heard of longest ago, and knows 10,000", () => {
  const rates = new PeerRates();
  for (let n = 0; n < 10_000; n++) rates.take(`p${n}`, ONCE, 0);
  assert.equal(rates.size, 10_000);
  // Heard of again, so it is not the oldest.
  assert.equal(rates.take("p0", ONCE, 0), 1000);
  rates.take("new", ONCE, 0);
  assert.equal(rates.size, 10_000);
  assert.equal(rates.take("p0", ONCE, 0), 1000, "it is still known");
  assert.equal(rates.take("p1", ONCE, 0), 0, "it begins anew");
});

for (
  const [address, peer] of [
    ["127.0.0.1", "127.0.0.1"],
    ["::ffff:10.0.0.7", "10.0.0.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::9", "2001:db8:1:2::/64"],
    ["2001:0DB8:0001:2:ffff::9", "2001:db8:1:2::/64"],
    ["2001:db8::9", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["", ""],
  ] as const
) {
  Deno.test(`peerOf() takes ${address || "nothing"} for ${peer || "nothing"}`, () => {
    assert.equal(peerOf(address), peer);
  });
}

import assert from "node:assert/strict";
import { freePort } from "../../src/process/free_port.ts";

Deno.test("freePort() gives ports of the loopback address that can be listened on", () => {
  for (let n = 0; n < 20; n++) {
    const port = freePort();
    using listener = Deno.listen({ hostname: "127.0.0.1", port });
    assert.equal(listener.addr.port, port);
  }
});

import assert from "node:assert/strict";
import { listeningSockets } from "../../src/process/listening_sockets.ts";

const at = (port: number) => listeningSockets().filter((socket) => socket.port === port);

Deno.test("listeningSockets() lists a listener with its address and user, until it closes", () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const [socket, ...others] = at(port);
  assert.deepEqual(others, []);
  assert.equal(socket?.address, "0100007F");
  assert.equal(socket?.uid, Deno.uid());
  assert.match(socket?.inode ?? "", /^[1-9]\d*$/);
  listener.close();
  // A process that another test starts at this moment holds it until its own program begins.
  for (let looks = 0; looks < 1000 && at(port).length > 0; looks++);
  assert.deepEqual(at(port), []);
});

Deno.test("listeningSockets() leaves out connections, whose port is the listener's", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const [accepted, connected] = await Promise.all([
    listener.accept(),
    Deno.connect({ hostname: "127.0.0.1", port }),
  ]);
  assert.equal(at(port).length, 1);
  accepted.close();
  connected.close();
});
